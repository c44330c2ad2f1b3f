using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

internal static class ContainerExtensions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    /// <summary>Waits until a port of a container accepts connections.</summary>
    /// <remarks>
    /// UntilInternalTcpPortIsAvailable looks for the number of the port in /proc/net/tcp, in which the timer of a closed connection passes the same number.
    /// One command waits in the container: a command for each attempt costs Docker more than the attempt.
    /// </remarks>
    public static IWaitForContainerOS UntilPortAccepts(this IWaitForContainerOS wait, int port, Action<IWaitStrategy>? limits = null) =>
        wait.UntilCommandIsCompleted(PortAccepts(port), limits);

    /// <summary>Waits until there is a file, of whatever kind, with which a container says that it is ready.</summary>
    public static IWaitForContainerOS UntilExists(this IWaitForContainerOS wait, string path) =>
        wait.UntilCommandIsCompleted("sh", "-c", $"until test -e {path}; do sleep 0.1; done");

    /// <summary>Everything that a container has written, for the message of a failed test.</summary>
    public static async Task<string> LogsAsync(this IContainer container)
    {
        var (output, errors) = await container.GetLogsAsync(timestampsEnabled: false);
        return $"Its log:\n{output}\n{errors}";
    }

    /// <summary>Waits until a port of a container that runs accepts connections.</summary>
    public static async Task WaitForPortAsync(this IContainer container, int port)
    {
        var result = await container.ExecAsync(PortAccepts(port)).WaitAsync(s_limit);
        Assert.True(result.ExitCode == 0, $"The container does not listen on port {port}. {result.Stderr}{await container.LogsAsync()}");
    }

    /// <summary>Waits until a container has written a text.</summary>
    public static async Task WaitForLogAsync(this IContainer container, string text)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!(await container.LogsAsync()).Contains(text, StringComparison.Ordinal))
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"The container has not written {text} within {s_limit}. {await container.LogsAsync()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
    }

    /// <summary>Runs a Python statement in a container and gives what it prints.</summary>
    public static async Task<string> PythonAsync(this IContainer container, string code)
    {
        var result = await container.ExecAsync(["python", "-c", code]);
        if (result.ExitCode != 0)
        {
            Assert.Fail($"{code} ended with {result.ExitCode}.\n{result.Stderr}\n{await container.LogsAsync()}");
        }
        return result.Stdout.Trim();
    }

    private static string[] PortAccepts(int port) =>
        ["sh", "-c", $"until nc -z 127.0.0.1 {port} || bash -c '</dev/tcp/127.0.0.1/{port}'; do sleep 1; done 2> /dev/null"];
}

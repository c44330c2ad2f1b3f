using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>How containers are run, and waited for.</summary>
public sealed partial class PublishedStack
{
    /// <summary>Starts a container and waits for it; it is removed at the end.</summary>
    internal async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        var container = builder.Build();
        lock (_containers)
        {
            _containers.Add(container);
        }

        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            await container.StartAsync(limit.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ContainerNotRunningException)
        {
            throw new TimeoutException($"{container.Name} did not start within {s_limit}:\n{await LogsAsync(container)}", exception);
        }

        return container;
    }

    /// <summary>Runs a container to its end, which is a good one, and returns what it wrote.</summary>
    internal Task<string> RunAsync(ContainerBuilder builder) => ToEndAsync(builder, expected: 0);

    /// <summary>Runs a container that fails, and returns what it wrote.</summary>
    internal Task<string> ExitAsync(ContainerBuilder builder) => ToEndAsync(builder, expected: 1);

    private async Task<string> ToEndAsync(ContainerBuilder builder, long expected)
    {
        var container = await StartAsync(builder);
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            var exitCode = await container.GetExitCodeAsync(limit.Token);
            var logs = await LogsAsync(container);
            Assert.True(exitCode == expected, $"{container.Name} ended with {exitCode}:\n{logs}");
            return logs;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{container.Name} did not end within {s_limit}:\n{await LogsAsync(container)}");
        }
    }

    /// <summary>Asks the server until it answers as expected. As in Azure the node asks, whose address is one of the subnet.</summary>
    internal async Task UntilAsync(IContainer server, int port, string path, int status)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var limit = new CancellationTokenSource(s_limit);
        object? last = null;
        while (!limit.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(AddressOf(Interfaces["server"], port, path), limit.Token);
                last = (int)answer.StatusCode;
                if (last is int code && code == status)
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                last = exception.Message;
            }

            await Task.Delay(500, CancellationToken.None);
        }

        throw new TimeoutException($"{path} did not answer {status} within {s_limit}, but {last}:\n{await LogsAsync(server)}");
    }

    /// <summary>Waits until a container has written a text.</summary>
    internal static async Task UntilLoggedAsync(IContainer container, string text)
    {
        using var limit = new CancellationTokenSource(s_limit);
        string logs;
        while (!(logs = await LogsAsync(container)).Contains(text, StringComparison.Ordinal))
        {
            Assert.False(limit.IsCancellationRequested, $"{container.Name} did not write '{text}' within {s_limit}:\n{logs}");
            await Task.Delay(500, CancellationToken.None);
        }
    }

    internal static async Task<string> LogsAsync(IContainer container)
    {
        var (stdout, stderr) = await container.GetLogsAsync(timestampsEnabled: false);
        return $"{stdout}\n{stderr}";
    }

    /// <summary>The image with no more rights than it needs; the certificate is trusted in place of a public authority's.</summary>
    private ContainerBuilder Mlflow(string at) => At(at, new ContainerBuilder(_image)
        .WithBindMount(_certificate!.Path, "/tls", AccessMode.ReadOnly)
        .WithBindMount(Path.Combine(AppContext.BaseDirectory, "PublishedRun", "Scripts"), "/scripts", AccessMode.ReadOnly)
        .WithEnvironment("REQUESTS_CA_BUNDLE", "/tls/certificate.pem")
        .WithEnvironment("SSL_CERT_FILE", "/tls/certificate.pem"));

    /// <summary>A container that has an interface of the network, and no other.</summary>
    private ContainerBuilder At(string name, ContainerBuilder builder) => builder.WithCreateParameterModifier(parameters =>
    {
        parameters.HostConfig!.NetworkMode = $"container:{Interfaces[name].Container.Id}";
        parameters.NetworkingConfig = null;
    });

    private static Uri AddressOf(NetworkInterface at, int port, string path) =>
        new($"http://{at.Container.Hostname}:{at.Container.GetMappedPublicPort(port)}{path}");

    /// <summary>Whether the server at an interface is ready.</summary>
    private sealed class Ready(NetworkInterface at) : IWaitUntil
    {
        public async Task<bool> UntilAsync(IContainer container)
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            try
            {
                using var answer = await client.GetAsync(AddressOf(at, ReadinessPort, "/ready"));
                return answer.IsSuccessStatusCode;
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        }
    }
}

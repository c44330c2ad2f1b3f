using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>What a container did that ran to its end.</summary>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
public sealed record ImageRun(long ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    /// <summary>Runs a container to its end.</summary>
    public static async Task<ImageRun> OfAsync(ContainerBuilder builder, TimeSpan? limit = null)
    {
        await using var container = builder.Build();
        await container.StartAsync();
        return await EndOfAsync(container, limit);
    }

    /// <summary>Waits for the end of a container that runs, for five minutes when there is no other limit.</summary>
    public static async Task<ImageRun> EndOfAsync(IContainer container, TimeSpan? limit = null)
    {
        using var source = new CancellationTokenSource(limit ?? s_limit);
        try
        {
            var exitCode = await container.GetExitCodeAsync(source.Token);
            var (output, errors) = await container.GetLogsAsync(timestampsEnabled: false);
            return new(exitCode, output, errors);
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            throw new TimeoutException($"The container has not ended within {limit ?? s_limit}. {await container.LogsAsync()}");
        }
    }

    /// <summary>Fails the test unless the container succeeded.</summary>
    public ImageRun Succeeded()
    {
        Assert.True(ExitCode == 0, $"The container ended with {ExitCode}.\n{Output}\n{Errors}");
        return this;
    }

    /// <summary>Fails the test unless the container ended with this exit code and told why in one line, which holds no password.</summary>
    public void Failed(int exitCode, string reason)
    {
        Assert.True(ExitCode == exitCode, $"The container ended with {ExitCode} instead of {exitCode}.\n{Output}\n{Errors}");
        var line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("mlflow-aspire: error: " + reason, line, StringComparison.Ordinal);
        Assert.DoesNotContain(ImageFixture.Password, Output + Errors, StringComparison.Ordinal);
    }
}

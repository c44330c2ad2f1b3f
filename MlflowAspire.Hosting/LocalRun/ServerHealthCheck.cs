using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MlflowAspire.Hosting;

/// <summary>
/// Asks a server for its health. Until it has answered for the first time, the check waits for that: Aspire asks after one, two, three and more seconds, and
/// would know late of a server that has started in between.
/// </summary>
/// <param name="address">Gives the address to ask.</param>
internal sealed class ServerHealthCheck(Func<Uri> address) : IHealthCheck
{
    private static readonly HttpClient s_client = new() { Timeout = TimeSpan.FromSeconds(5) };
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private bool _hasStarted;

    /// <summary>How long one check waits for a server that starts.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        for (var end = DateTime.UtcNow + Patience; ; await Task.Delay(s_pause, cancellationToken))
        {
            var result = await AskAsync(address(), cancellationToken);
            _hasStarted |= result.Status is HealthStatus.Healthy;
            if (_hasStarted || DateTime.UtcNow >= end)
            {
                return result;
            }
        }
    }

    private static async Task<HealthCheckResult> AskAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await s_client.GetAsync(address, cancellationToken);
            return response.StatusCode is HttpStatusCode.OK
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"{address} answers {(int)response.StatusCode}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"{address} does not answer.", exception);
        }
    }
}

/// <summary>How the health of a server is known.</summary>
[AspireExportIgnore(Reason = "Internal.")]
internal static class ServerHealthExtensions
{
    private const string Path = "/health";

    /// <summary>Checks the health of the server, in a local run as soon as it has started.</summary>
    public static IResourceBuilder<MlflowServerResource> WithServerHealthCheck(this IResourceBuilder<MlflowServerResource> builder)
    {
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder.WithHttpHealthCheck(Path);
        }

        var key = $"{builder.Resource.Name}-health";
        var check = new ServerHealthCheck(() => new(new(builder.Resource.PrimaryEndpoint.Url), Path));
        builder.ApplicationBuilder.Services.AddHealthChecks().AddCheck(key, check);
        return builder.WithHealthCheck(key);
    }
}

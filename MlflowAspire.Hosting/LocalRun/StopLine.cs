using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Hosting;

/// <summary>
/// Says on the console that the app host stops. The host tells in reverse order who asked for it: what asks after the host itself, which gives up the start,
/// is heard before the process ends.
/// </summary>
internal sealed partial class StopLine(IHostApplicationLifetime lifetime, ILoggerFactory loggers) : IHostedLifecycleService
{
    private readonly ILogger _console = loggers.CreateLogger("MlflowAspire.Hosting");

    /// <summary>Comes before the orchestrator starts, which takes as long as the containers do.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => LogStopping(_console));
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(
        EventId = 6, EventName = "Stopping", Level = LogLevel.Information,
        Message = "Stopping. The containers end within seconds; the data is kept.")]
    private static partial void LogStopping(ILogger logger);
}

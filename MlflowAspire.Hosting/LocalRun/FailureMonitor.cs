using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Hosting;

/// <summary>Names on the console each container that fails, with the reason, and starts those again that are to be.</summary>
internal sealed partial class FailureMonitor(
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    ResourceCommandService commands,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers)
{
    // How the orchestrator marks what it writes into the log of a resource.
    private const string OfTheOrchestrator = "[sys] ";

    // How long a log is waited for.
    private const int LogSeconds = 10;

    private readonly ILogger _console = loggers.CreateLogger("MlflowAspire.Hosting");
    private readonly Dictionary<string, (string State, bool WasHealthy)> _last = [];

    /// <summary>Watches until the app host stops: at the end everything is stopped, and nothing of it is a failure.</summary>
    public void Start() => _ = WatchAsync(lifetime.ApplicationStopping);

    private async Task WatchAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping))
            {
                if (change.Resource.IsContainer() && change.Snapshot.State is { Text: var state })
                {
                    var (before, wasHealthy) = _last.GetValueOrDefault(change.ResourceId, ("", false));
                    var isTerminal = KnownResourceStates.TerminalStates.Contains(state);
                    _last[change.ResourceId] = (state, !isTerminal && (wasHealthy || change.Snapshot.HealthStatus is HealthStatus.Healthy));

                    // One that was stopped by hand went by Stopping.
                    if (isTerminal && before != "" && before != KnownResourceStates.Stopping
                        && !KnownResourceStates.TerminalStates.Contains(before) && IsFailure(change.Snapshot))
                    {
                        _ = HandleAsync(change, wasHealthy, stopping);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private static bool IsFailure(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text is var state
        && (state == KnownResourceStates.FailedToStart || (state == KnownResourceStates.Exited && snapshot.ExitCode is not 0));

    private async Task HandleAsync(ResourceEvent change, bool wasHealthy, CancellationToken stopping)
    {
        try
        {
            var what = change.Snapshot.State?.Text == KnownResourceStates.FailedToStart
                ? "failed to start"
                : change.Snapshot.ExitCode is { } code ? $"ended with exit code {code}" : "ended";
            if (wasHealthy && change.Resource.HasAnnotationOfType<RestartAfterFailureAnnotation>())
            {
                LogRestart(_console, change.Resource.Name, what);
                LogRestart(logs.GetLogger(change.Resource), change.Resource.Name, what);
                await commands.ExecuteCommandAsync(change.ResourceId, KnownResourceCommands.StartCommand, stopping);
            }
            else
            {
                LogFailure(_console, change.Resource.Name, what, await ReasonAsync(change.ResourceId, stopping));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    /// <summary>The last line that the resource has logged: most programs end with the reason.</summary>
    private async Task<string> ReasonAsync(string resourceId, CancellationToken stopping)
    {
        // The log follows the state, on a busy machine by seconds: it is read until it stays the same.
        string? last = null;
        for (var second = 0; second < LogSeconds; second++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            var before = last;
            last = await LastLineAsync(resourceId, stopping);
            if (last is not null && last == before && !last.StartsWith(OfTheOrchestrator, StringComparison.Ordinal))
            {
                break;
            }
        }

        return last ?? "its log is empty";
    }

    /// <summary>The last line of the resource itself; of the orchestrator where there is none.</summary>
    private async Task<string?> LastLineAsync(string resourceId, CancellationToken stopping)
    {
        string? own = null, orchestrators = null;
        await foreach (var lines in logs.GetAllAsync(resourceId).WithCancellation(stopping))
        {
            // An exception is one of several lines.
            foreach (var line in lines.SelectMany(line => line.Content.Split('\n'))
                .Select(line => Timestamp().Replace(line, "").TrimEnd()).Where(line => !NoReason().IsMatch(line)))
            {
                if (line.StartsWith(OfTheOrchestrator, StringComparison.Ordinal))
                {
                    orchestrators = line;
                }
                else
                {
                    own = line;
                }
            }
        }

        return own ?? orchestrators;
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT[\d:.]+Z ")]
    private static partial Regex Timestamp();

    /// <summary>Lines that are empty, or of a stack trace.</summary>
    [GeneratedRegex(@"^\s*$|^\s+at |^--- End of ")]
    private static partial Regex NoReason();

    [LoggerMessage(Level = LogLevel.Error, Message = "'{resource}' {what}: {reason}")]
    private static partial void LogFailure(ILogger logger, string resource, string what, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "'{resource}' {what} and is started again.")]
    private static partial void LogRestart(ILogger logger, string resource, string what);
}

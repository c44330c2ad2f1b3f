using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Hosting;

/// <summary>
/// Says on the console what the start of a server waits for: one line for each step that is done, with the time that it took. The orchestrator tells
/// only the dashboard.
/// </summary>
internal sealed partial class StartProgress(
    MlflowServerResource server, ResourceNotificationService notifications, IHostApplicationLifetime lifetime, ILoggerFactory loggers)
{
    private readonly ILogger _console = loggers.CreateLogger("MlflowAspire.Hosting");
    private readonly Dictionary<string, Step> _steps = [];
    private readonly Stopwatch _start = Stopwatch.StartNew();

    /// <summary>How long a build takes before it is worth a line. One that finds the image of the last start takes a second.</summary>
    public TimeSpan LongBuild { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Watches until the server is ready, or the app host stops.</summary>
    public void Start()
    {
        AddSteps(server, runsToEnd: false);
        LogWaiting(_console, Left);
        _ = WatchAsync(lifetime.ApplicationStopping);
    }

    /// <summary>Adds the containers that a resource waits for, and then itself: the order in which they become ready.</summary>
    private void AddSteps(IResource resource, bool runsToEnd)
    {
        foreach (var awaited in resource.Annotations.OfType<WaitAnnotation>())
        {
            AddSteps(awaited.Resource, runsToEnd: awaited.WaitType is WaitType.WaitForCompletion);
        }

        if (resource is IResourceWithParent child)
        {
            AddSteps(child.Parent, runsToEnd: false);
        }

        if (resource.IsContainer())
        {
            _steps.TryAdd(resource.Name, new(runsToEnd));
        }
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping))
            {
                if (change.Snapshot.State is { Text: var state } && _steps.TryGetValue(change.Resource.Name, out var step))
                {
                    Report(change.Resource.Name, step, state, change.Snapshot);
                    if (change.Resource == server && step.IsDone)
                    {
                        var address = await server.UriExpression.GetValueAsync(stopping);
                        LogReady(_console, address, _start.Elapsed.TotalSeconds);
                        if (server.PrimaryEndpoint.EndpointAnnotation.TargetHost != "localhost" && server.SignIn is null)
                        {
                            LogReachable(_console);
                        }

                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private void Report(string name, Step step, string state, CustomResourceSnapshot snapshot)
    {
        if (state != step.State)
        {
            if (step.IsLongBuild)
            {
                LogBuilt(_console, name, step.Time.Elapsed.TotalSeconds);
                step.IsLongBuild = false;
            }

            // The time of a step is that from the start of its container, not that of waiting for others.
            if (state == KnownResourceStates.Building || state == KnownResourceStates.Starting)
            {
                step.Time.Restart();
            }

            step.State = state;
            if (state == KnownResourceStates.Building)
            {
                _ = ReportBuildAsync(name, step);
            }
        }

        var isDone = step.RunsToEnd
            ? state == KnownResourceStates.Exited && snapshot.ExitCode is 0
            : state == KnownResourceStates.Running && snapshot.HealthStatus is HealthStatus.Healthy;
        if (isDone && !step.IsDone)
        {
            step.IsDone = true;
            if (name != server.Name)
            {
                var outcome = step.RunsToEnd ? "done" : "ready";
                LogDone(_console, name, outcome, step.Time.Elapsed.TotalSeconds, Left);
            }
        }
    }

    private async Task ReportBuildAsync(string name, Step step)
    {
        await Task.Delay(LongBuild, CancellationToken.None);
        if (step.State == KnownResourceStates.Building)
        {
            step.IsLongBuild = true;
            LogBuilding(_console, name);
        }
    }

    private string Left => string.Join(", ", _steps.Where(step => !step.Value.IsDone).Select(step => step.Key));

    [LoggerMessage(EventId = 1, EventName = "Waiting", Level = LogLevel.Information, Message = "Waiting for {left}.")]
    private static partial void LogWaiting(ILogger logger, string left);

    [LoggerMessage(
        EventId = 2, EventName = "Building", Level = LogLevel.Information,
        Message = "{resource}: building the image. The first time, this takes minutes.")]
    private static partial void LogBuilding(ILogger logger, string resource);

    [LoggerMessage(EventId = 3, EventName = "Built", Level = LogLevel.Information, Message = "{resource}: image built in {seconds:0.0} s.")]
    private static partial void LogBuilt(ILogger logger, string resource, double seconds);

    [LoggerMessage(
        EventId = 4, EventName = "StepDone", Level = LogLevel.Information,
        Message = "{resource}: {outcome} after {seconds:0.0} s. Waiting for {left}.")]
    private static partial void LogDone(ILogger logger, string resource, string outcome, double seconds, string left);

    [LoggerMessage(
        EventId = 5, EventName = "Ready", Level = LogLevel.Information,
        Message = "MLflow is ready: {address} (after {seconds:0.0} s). Next: try 'Load demo data' of mlflow in the dashboard.")]
    private static partial void LogReady(ILogger logger, string? address, double seconds);

    [LoggerMessage(
        EventId = 7, EventName = "Reachable", Level = LogLevel.Warning,
        Message = "Other machines can reach MLflow, and whoever does may read, change and delete everything: nobody has to sign in.")]
    private static partial void LogReachable(ILogger logger);

    private sealed class Step(bool runsToEnd)
    {
        public bool RunsToEnd => runsToEnd;

        public string State { get; set; } = "";

        public Stopwatch Time { get; } = Stopwatch.StartNew();

        public bool IsLongBuild { get; set; }

        public bool IsDone { get; set; }
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Hosting;

/// <summary>One run of a container that ends by itself.</summary>
internal static class ContainerRun
{
    /// <summary>Whether the container has been started and has not ended.</summary>
    public static bool IsUnderWay(IServiceProvider services, ContainerResource container) =>
        services.GetRequiredService<ResourceNotificationService>().TryGetCurrentState(container.Name, out var current) && IsUnderWay(current.Snapshot);

    /// <summary>Starts the container and waits until it has ended.</summary>
    /// <returns>How it ended: success means exit code 0.</returns>
    public static async Task<ExecuteCommandResult> RunToEndAsync(IServiceProvider services, ContainerResource container, CancellationToken cancellationToken)
    {
        // Watched from before the start, so that no change is missed.
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var notifications = services.GetRequiredService<ResourceNotificationService>();
        var earlier = notifications.TryGetCurrentState(container.Name, out var current) ? ContainerId(current.Snapshot) : null;
        var end = WaitForEndAsync(notifications, container, earlier, watching.Token);
        var start = await services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(container, KnownResourceCommands.StartCommand, cancellationToken);
        if (!start.Success)
        {
            await watching.CancelAsync();
            return start;
        }

        var snapshot = await end;
        return snapshot.ExitCode is 0
            ? CommandResults.Success($"{container.Name} has ended; its console log has what it said.")
            : CommandResults.Failure(
                $"{container.Name} ended with {(snapshot.ExitCode is { } code ? $"exit code {code}" : snapshot.State?.Text)}; its console log says why.");
    }

    private static async Task<CustomResourceSnapshot> WaitForEndAsync(
        ResourceNotificationService notifications, ContainerResource container, string? earlier, CancellationToken cancellationToken)
    {
        var started = false;
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            if (change.Resource != container || change.Snapshot.State is not { Text: var state })
            {
                continue;
            }

            if (!KnownResourceStates.TerminalStates.Contains(state))
            {
                started |= IsUnderWay(change.Snapshot);
            }
            // The end of an earlier run is reported once more after the start of this one. Each run is a container of its own; one that cannot be made has no
            // id.
            else if (started && (ContainerId(change.Snapshot) != earlier || state == KnownResourceStates.FailedToStart))
            {
                return change.Snapshot;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }

    private static bool IsUnderWay(CustomResourceSnapshot snapshot) => snapshot.State is { Text: var state }
        && state != KnownResourceStates.NotStarted
        && !KnownResourceStates.TerminalStates.Contains(state);

    /// <summary>The id of the container of a resource in some state; null when it has none yet.</summary>
    public static string? ContainerId(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "container.id")?.Value as string;
}

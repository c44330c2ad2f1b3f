using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Adds a command that runs a task to its end. It can be used while the server is healthy.</summary>
    private static void WithTaskCommand(
        this IResourceBuilder<MlflowServerResource> mlflow, string name, string displayName, IResourceBuilder<MlflowTaskResource> task, CommandOptions options)
    {
        options.UpdateState = context => context.ResourceSnapshot.HealthStatus is HealthStatus.Healthy ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;
        mlflow.WithCommand(name, displayName, context => RunTaskAsync(context, task.Resource), options);
    }

    private static async Task<ExecuteCommandResult> RunTaskAsync(ExecuteCommandContext context, MlflowTaskResource task)
    {
        // Watched from before the start: the end of an earlier run must not be taken for the end of this one.
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var end = WaitForRunAsync(context.Services.GetRequiredService<ResourceNotificationService>(), task, watching.Token);
        var start = await context.Services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(task, KnownResourceCommands.StartCommand, context.CancellationToken);
        if (!start.Success)
        {
            await watching.CancelAsync();
            return start;
        }

        var snapshot = await end;
        return snapshot.ExitCode is 0
            ? CommandResults.Success()
            : CommandResults.Failure($"{task.Name} ended with {(snapshot.ExitCode is { } code ? $"exit code {code}" : snapshot.State?.Text)}; its console log says why.");
    }

    private static async Task<CustomResourceSnapshot> WaitForRunAsync(ResourceNotificationService notifications, MlflowTaskResource task, CancellationToken cancellationToken)
    {
        var started = false;
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            if (change.Resource != task || change.Snapshot.State is not { Text: var state })
            {
                continue;
            }

            if (!KnownResourceStates.TerminalStates.Contains(state))
            {
                started |= state != KnownResourceStates.NotStarted;
            }
            else if (started)
            {
                return change.Snapshot;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }
}

using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Adds a command that runs a task to its end. It can be used while the server is healthy, unless its options say otherwise.</summary>
    /// <param name="mlflow">The MLflow server.</param>
    /// <param name="name">The name of the command.</param>
    /// <param name="displayName">What the dashboard calls it.</param>
    /// <param name="task">The task.</param>
    /// <param name="options">Its description, icon and questions.</param>
    /// <param name="around">What is done with the answers before and after the run; nothing when it is not given.</param>
    private static void WithTaskCommand(
        this IResourceBuilder<MlflowServerResource> mlflow,
        string name,
        string displayName,
        IResourceBuilder<MlflowTaskResource> task,
        CommandOptions options,
        Func<InteractionInputCollection, Func<Task<ExecuteCommandResult>>, Task<ExecuteCommandResult>>? around = null)
    {
        options.UpdateState ??= context =>
            context.ResourceSnapshot.HealthStatus is HealthStatus.Healthy ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;
        mlflow.WithCommand(
            name,
            displayName,
            context => around is null ? RunAsync(context) : around(context.Arguments, () => RunAsync(context)),
            options);

        Task<ExecuteCommandResult> RunAsync(ExecuteCommandContext context) =>
            ContainerRun.RunToEndAsync(context.Services, task.Resource, context.CancellationToken);
    }

    private static string? TextOf(InteractionInputCollection arguments, string name) => arguments.GetString(name) is { Length: > 0 } text ? text : null;

    private static bool IsSet(InteractionInputCollection arguments, string name) => TextOf(arguments, name) is not null && arguments.GetBoolean(name);
}

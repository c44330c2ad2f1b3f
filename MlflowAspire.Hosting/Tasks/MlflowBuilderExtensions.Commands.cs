using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Adds a command that runs a task to its end, and is refused while the task runs. It can be used while the server is healthy, unless its options say
    /// otherwise.
    /// </summary>
    /// <param name="mlflow">The MLflow server.</param>
    /// <param name="name">The name of the command.</param>
    /// <param name="displayName">What the dashboard calls it.</param>
    /// <param name="task">The task.</param>
    /// <param name="options">Its description, icon and questions.</param>
    /// <param name="choose">What the task does for these answers; when it is not given, what it does in every run.</param>
    private static void WithTaskCommand(
        this IResourceBuilder<MlflowServerResource> mlflow,
        string name,
        string displayName,
        IResourceBuilder<MlflowTaskResource> task,
        CommandOptions options,
        Func<InteractionInputCollection, TaskRun>? choose = null)
    {
        options.UpdateState ??= context =>
            context.ResourceSnapshot.HealthStatus is HealthStatus.Healthy ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;
        mlflow.WithCommand(name, displayName, context => RunAsync(task.Resource, choose?.Invoke(context.Arguments) ?? new(), context), options);
    }

    private static async Task<ExecuteCommandResult> RunAsync(MlflowTaskResource task, TaskRun run, ExecuteCommandContext context)
    {
        var refused = CommandResults.Failure($"{task.Name} is running, and does one thing at a time. Try again when it has ended.");
        if (!task.TryBegin(run))
        {
            return refused;
        }

        try
        {
            // A button of its own may have started it, or a command that was cancelled.
            return ContainerRun.IsUnderWay(context.Services, task)
                ? refused
                : await ContainerRun.RunToEndAsync(context.Services, task, context.CancellationToken);
        }
        finally
        {
            task.End();
        }
    }

    /// <summary>Makes a task do what the command chooses that runs it. Started in another way, it says which commands there are.</summary>
    /// <param name="task">The task.</param>
    /// <param name="commands">The commands, after "Use".</param>
    private static IResourceBuilder<MlflowTaskResource> WithRunOfCommand(this IResourceBuilder<MlflowTaskResource> task, string commands) => task
        .WithArgs(context =>
        {
            var run = task.Resource.Run ?? throw new DistributedApplicationException($"Use {commands}.");
            foreach (var argument in run.Arguments)
            {
                context.Args.Add(argument);
            }
        })
        .WithEnvironment(context =>
        {
            foreach (var (name, value) in task.Resource.Run?.Environment ?? new Dictionary<string, string>())
            {
                context.EnvironmentVariables[name] = value;
            }
        });

    private static string? TextOf(InteractionInputCollection arguments, string name) => arguments.GetString(name) is { Length: > 0 } text ? text : null;

    private static bool IsSet(InteractionInputCollection arguments, string name) => TextOf(arguments, name) is not null && arguments.GetBoolean(name);
}

using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Adds a command that runs a task to its end. It can be used while the server is healthy.</summary>
    private static void WithTaskCommand(
        this IResourceBuilder<MlflowServerResource> mlflow, string name, string displayName, IResourceBuilder<MlflowTaskResource> task, CommandOptions options)
    {
        options.UpdateState = context => context.ResourceSnapshot.HealthStatus is HealthStatus.Healthy ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;
        mlflow.WithCommand(name, displayName, context => ContainerRun.RunToEndAsync(context.Services, task.Resource, context.CancellationToken), options);
    }
}

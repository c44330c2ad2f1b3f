using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure.AppContainers;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

/// <summary>Publishes MLflow servers to Azure and keeps what they know there.</summary>
public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Sets when a published server removes deleted runs and experiments permanently: by a job of Container Apps with the server's image and identity, which
    /// each server there has. By default it removes every night at 3:00 what was deleted 30 days ago. It has no effect in a local run, where the dashboard has
    /// a command for it.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="schedule">When it runs: a cron expression with five fields, in UTC.</param>
    /// <param name="olderThan">How long ago something was deleted before it is removed, such as <c>30d</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The schedule is no cron expression, or the other no age.</exception>
    /// <exception cref="DistributedApplicationException">When publishing: the server is not published into a Container Apps environment.</exception>
    public static IResourceBuilder<MlflowServerResource> WithGarbageCollection(
        this IResourceBuilder<MlflowServerResource> builder, string schedule, string olderThan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(olderThan);
        CronExpression.Rule.Require(schedule, nameof(schedule));
        Age.Rule.Require(olderThan, nameof(olderThan));
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var name = builder.Resource.Name;
        builder.ApplicationBuilder.OnBeforeStart((_, _) => ContainerAppPublisher.EnvironmentOf(builder) is AzureContainerAppEnvironmentResource
            ? Task.CompletedTask
            : throw new DistributedApplicationException(
                $"MLflow server '{name}' has a garbage collection and is not published to Container Apps. Call AddAzureContainerAppEnvironment."));
        return builder.WithAnnotation(new GarbageCollectionAnnotation(schedule, olderThan), ResourceAnnotationMutationBehavior.Replace);
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The job of Container Apps that collects garbage, with the server's image and identity.</summary>
internal static class GarbageCollectionJob
{
    public static void AddGarbageCollectionJob(this IResourceBuilder<MlflowServerResource> mlflow)
    {
        var settings = mlflow.Resource.Annotations.OfType<GarbageCollectionAnnotation>().LastOrDefault() ?? GarbageCollectionAnnotation.Default;
        mlflow.ApplicationBuilder.AddGarbageCollection(mlflow)
            .WithArgs("--older-than", settings.OlderThan)
            .RunBeside(mlflow.Resource)
            // Before the share that is mounted into it.
            .Resource.Annotations.Insert(0, new AzureContainerAppJobCustomizationAnnotation((infrastructure, job) =>
            {
                PullIdentity.KeepFromContainers(job.Configuration.Registries, job.Configuration.IdentitySettings);
                job.Configuration.TriggerType = ContainerAppJobTriggerType.Schedule;
                job.Configuration.ScheduleTriggerConfig = new()
                {
                    CronExpression = settings.Schedule,
                    Parallelism = 1,
                    ReplicaCompletionCount = 1,
                };
                job.Configuration.ReplicaTimeout = (int)TimeSpan.FromHours(2).TotalSeconds;
                // What is left after a failure is removed the next time.
                job.Configuration.ReplicaRetryLimit = 0;
                job.Template.Containers[0].Value!.Resources = MlflowServerSize.Task.ToContainerResources();
                OperatorRoles.Assign(infrastructure, mlflow.Resource, job, job.Id, OperatorRoles.JobsOperator);
            }));
    }
}

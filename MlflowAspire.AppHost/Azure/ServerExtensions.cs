using Aspire.Hosting.Azure;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Publishes the server, its migration and its garbage collection (guide rows G8, G10 and G11).</summary>
internal static class ServerExtensions
{
    /// <summary>Publishes the server as a container app, with the secrets in the vault and an identity that it shares with its tasks.</summary>
    public static void PublishServer(this IResourceBuilder<MlflowServerResource> mlflow, MlflowSettings settings, IResourceBuilder<AzureKeyVaultResource> vault)
    {
        var builder = mlflow.ApplicationBuilder;
        var server = settings.Server;

        mlflow.WithKeyVault(vault).WithReplicas(server.Replicas);
        if (server.JobQueue is JobQueue.Redis)
        {
            mlflow.WithJobQueue(builder.AddParameter("job-queue-url", secret: true)
                .WithDescription("The URL of the Redis that keeps the queue of jobs, with its key: rediss://:key@host:6380/0."));
        }

        if (server.CustomDomain)
        {
            mlflow.WithCustomDomain(
                builder.AddParameter("custom-domain").WithDescription("The domain that MLflow is served under, such as mlflow.example.com."),
                builder.AddParameter("certificate-name", "", publishValueAsDefault: true)
                    .WithDescription("The name of the environment's managed certificate for the domain; empty until Azure has issued it."));
        }

        if (server.AllowedAddresses.Length > 0)
        {
            mlflow.WithAllowedAddresses(server.AllowedAddresses);
        }

        mlflow
            .PublishAsContainerApp(builder.AddAzureUserAssignedIdentity("mlflow-identity"))
            .WithGarbageCollection(
                builder.AddParameter("gc-schedule", server.GarbageCollectionSchedule, publishValueAsDefault: true)
                    .WithDescription("When deleted runs are removed for good: a cron expression of five fields, in UTC."),
                builder.AddParameter("gc-older-than", server.GarbageCollectionOlderThan, publishValueAsDefault: true)
                    .WithDescription("How long ago a run was deleted before it is removed, such as 30d."));
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Publishes the server, its migration and its garbage collection.</summary>
internal static class ServerExtensions
{
    /// <summary>Publishes the server as a container app, with the secrets in the vault and an identity that it shares with its tasks.</summary>
    public static void PublishServer(
        this IResourceBuilder<MlflowServerResource> mlflow, MlflowSettings settings, IResourceBuilder<AzureKeyVaultResource> vault,
        IResourceBuilder<AzureUserAssignedIdentityResource> identity)
    {
        var builder = mlflow.ApplicationBuilder;
        var server = settings.Server;

        mlflow.WithKeyVault(vault);
        mlflow.Resource.DefaultReplicas = server.Replicas;
        if (server.JobQueue is JobQueueKind.Redis)
        {
            mlflow.WithAnnotation(settings.Network.JobQueue).WithJobQueue(builder.AddParameter("job-queue-url", secret: true)
                .WithDescription("The URL of the Redis that keeps the queue of jobs, with its key: rediss://:key@host:6380/0."));
        }

        if (server.Ingress is not IngressMode.Environment)
        {
            mlflow.WithExternalHttpEndpoints();
        }

        if (server.CustomDomain is { } domain)
        {
            _ = server.Certificate is CertificateSource.Vault
                ? mlflow.WithCustomDomain(domain, vault.GetSecret("mlflow-certificate"))
                : mlflow.WithCustomDomain(domain);
        }

        if (server.AllowedAddresses.Count > 0)
        {
            mlflow.WithIPRestrictions([.. server.AllowedAddresses]);
        }

        if (settings.Import is { Source: { } source } import)
        {
            mlflow.WithImportSource(source, new()
            {
                UserName = import.UserName,
                Password = import.UserName is null ? null : builder.AddParameter("import-password", secret: true)
                    .WithDescription($"The password of '{import.UserName}' at {source}, which is imported from."),
                Token = !import.Token ? null : builder.AddParameter("import-token", secret: true)
                    .WithDescription($"A token for {source}, which is imported from."),
                Deleted = import.Deleted,
                Replace = import.Replace,
            });
        }

        mlflow.WithAzureUserAssignedIdentity(identity);
        mlflow.WithUnlessSaid<OperatorsAnnotation>(() => mlflow.WithOperators(settings.Operators));
        mlflow.WithUnlessSaid<OperationJobsAnnotation>(() => mlflow.WithOperationJobs(settings.OperationJobs, settings.Backups.Schedule));
        mlflow.WithUnlessSaid<GarbageCollectionAnnotation>(
            () => mlflow.WithGarbageCollection(server.GarbageCollectionSchedule, server.GarbageCollectionOlderThan));
    }

    /// <summary>What has been called for goes before the settings.</summary>
    private static void WithUnlessSaid<T>(this IResourceBuilder<MlflowServerResource> mlflow, Action with) where T : IResourceAnnotation
    {
        if (!mlflow.Resource.HasAnnotationOfType<T>())
        {
            with();
        }
    }
}

using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// Publishes each server whose environment is one of Container Apps: one revision at a time, which an init container prepares the database for; probes, of
/// which readiness sees the database; a fixed number of replicas; HTTPS only; a job that collects garbage. Server and tasks share an identity, since a table of
/// PostgreSQL belongs to the identity that made it.
/// </summary>
/// <remarks>The core finds it by its name. It decides when everything has been called, so that no result depends on the order of calls.</remarks>
internal sealed class ContainerAppPublisher : IServerPublisher
{
    /// <inheritdoc />
    public void Add(IResourceBuilder<MlflowServerResource> server) => server.ApplicationBuilder.OnBeforeStart((_, _) =>
    {
        if (EnvironmentOf(server) is AzureContainerAppEnvironmentResource)
        {
            Publish(server);
        }

        return Task.CompletedTask;
    });

    /// <summary>The environment that the server has been given; without one, the only kind that the app host has.</summary>
    public static IComputeEnvironmentResource? EnvironmentOf(IResourceBuilder<MlflowServerResource> server) =>
        server.Resource.GetComputeEnvironment()
            ?? server.ApplicationBuilder.Resources.OfType<AzureContainerAppEnvironmentResource>().FirstOrDefault();

    private static void Publish(IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        RefuseVolume(server);
        ContainerSize.Require(server);
        PublishedOperations.Require(server);
        ContainerAppName.Require(server);
        server.HasMigrationStep = true;
        mlflow.ApplicationBuilder.CreateResourceBuilder(server.Migration).InEnvironmentOf(server);
        mlflow.WithSharedIdentity().WithStoreRoles();
        mlflow.WithEnvironment("MLFLOW_READINESS_PORT", MlflowProbes.ReadinessPort.ToString(CultureInfo.InvariantCulture));
        // Before what the app host sets, which may change it.
        server.Annotations.Insert(0, new AzureContainerAppCustomizationAnnotation((infrastructure, app) =>
        {
            app.Configuration.Ingress.AllowInsecure = false;
            ContainerAppTemplates.Configure(mlflow, app, server.Size, server.Replicas);
            EntraAuthConfig.SwitchOffUnlessUsed(infrastructure, app);
            OperatorRoles.Assign(infrastructure, server, app, app.Id, OperatorRoles.AppsOperator);
            PublishedOperations.AddTo(infrastructure, mlflow, app);
            infrastructure.Add(new ProvisioningOutput("MLFLOW_TRACKING_URI", typeof(string))
            {
                Value = BicepFunction.Interpolate($"https://{app.Configuration.Ingress.Fqdn}"),
            });
        }));
        mlflow.AddGarbageCollectionJob();
        mlflow.AddPeriodicTasksApp();
    }

    private static void RefuseVolume(MlflowServerResource server)
    {
        if (server.Annotations.OfType<ContainerMountAnnotation>().Any(mount => mount.Target == MlflowBuilderExtensions.VolumeMountPath))
        {
            throw new DistributedApplicationException(
                $"MLflow server '{server.Name}' keeps artifacts in a volume, which in Container Apps is a share. "
                + "Give WithVolumeArtifactStore one, made by AddAzureNfsShare.");
        }
    }
}

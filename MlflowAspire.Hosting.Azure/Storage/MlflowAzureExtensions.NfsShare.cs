using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    private const string VolumeName = "artifacts";

    /// <summary>
    /// Keeps artifacts in an NFS share of Azure Files, and in a local run in a volume of the container runtime or a folder of this machine. Clients send and
    /// get them through the server.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="share">The share, made by <c>AddAzureNfsShare</c>.</param>
    /// <param name="options">The volume or the folder of a local run.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithVolumeArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureNfsShareResource> share, VolumeArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(share);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder.WithVolumeArtifactStore(options);
        }

        builder.WithVolumeUri(options ?? new());
        builder.ApplicationBuilder.CreateResourceBuilder(builder.Resource.GarbageCollection)
            .PublishAsAzureContainerAppJob((infrastructure, job) => share.Resource.MountIn(infrastructure, job.Template.Volumes, job.Template.Containers));
        return builder
            .WithAnnotation(new ArtifactShareAnnotation(share.Resource))
            .WithAnnotation(new OutboundTrafficAnnotation("artifact-store", "2049") { ThroughPrivateEndpoint = true })
            .PublishAsAzureContainerApp((infrastructure, app) => share.Resource.MountIn(infrastructure, app.Template.Volumes, app.Template.Containers));
    }

    /// <summary>Mounts the share. A volume of the model would become one that is mounted by the account's key.</summary>
    internal static void MountIn(
        this AzureNfsShareResource share, AzureResourceInfrastructure infrastructure,
        BicepList<ContainerAppVolume> volumes, BicepList<ContainerAppContainer> containers)
    {
        volumes.Add(new ContainerAppVolume
        {
            Name = VolumeName,
            StorageType = ContainerAppStorageType.NfsAzureFile,
            StorageName = share.StorageName.AsProvisioningParameter(infrastructure),
        });
        containers[0].Value!.VolumeMounts.Add(new ContainerAppVolumeMount { VolumeName = VolumeName, MountPath = MlflowBuilderExtensions.VolumeMountPath });
    }
}

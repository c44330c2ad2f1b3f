using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>The image has this folder, owned by its user: a new volume takes its owner from it.</summary>
    private const string VolumeMountPath = "/mnt/artifacts";

    private const string VolumeName = "artifacts";

    /// <summary>
    /// Keeps artifacts in a mounted volume (guide row A5): in a local run one of the container runtime, or a folder of this machine such as an NFS mount; in Azure an NFS
    /// share. Clients send and get them through the server (guide row A7).
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="options">The volume or the folder, and the share in Azure.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already, or it is published without a share.</exception>
    public static IResourceBuilder<MlflowServerResource> WithVolumeArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, VolumeArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new();
        Setting.Require(
            options.VolumeName is null || options.HostPath is null, nameof(options.HostPath), "MLFLOW_ARTIFACTS_DESTINATION", options.HostPath, "a folder or VolumeName, not both");

        builder.WithArtifactStore($"file://{VolumeMountPath}", _ => { });
        var collection = builder.ApplicationBuilder.CreateResourceBuilder(builder.Resource.GarbageCollection);
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            var share = (options.Share ?? throw new InvalidOperationException(
                $"MLflow server '{builder.Resource.Name}' keeps artifacts in a volume, which in Azure is a share. Give WithVolumeArtifactStore the option Share, made by AddAzureNfsShare.")).Resource;
            builder.Resource.ArtifactShare = share;
            builder.WithAnnotation(new OutboundTrafficAnnotation("artifact-store", "2049") { ThroughPrivateEndpoint = true });
            collection.PublishAsAzureContainerAppJob((infrastructure, job) => share.MountIn(infrastructure, job.Template.Volumes, job.Template.Containers));
            return builder.PublishAsAzureContainerApp((infrastructure, app) => share.MountIn(infrastructure, app.Template.Volumes, app.Template.Containers));
        }

        var volume = options.VolumeName ?? VolumeNameGenerator.Generate(builder, "artifacts");
        Mount(collection);
        return Mount(builder);

        IResourceBuilder<T> Mount<T>(IResourceBuilder<T> container)
            where T : ContainerResource => options.HostPath is { } folder
            ? container.WithBindMount(folder, VolumeMountPath)
            : container.WithVolume(volume, VolumeMountPath);
    }

    /// <summary>Mounts the share. A volume of the model would become one that is mounted by the account's key.</summary>
    private static void MountIn(
        this AzureNfsShareResource share, AzureResourceInfrastructure infrastructure, BicepList<ContainerAppVolume> volumes, BicepList<ContainerAppContainer> containers)
    {
        volumes.Add(new ContainerAppVolume
        {
            Name = VolumeName,
            StorageType = ContainerAppStorageType.NfsAzureFile,
            StorageName = share.StorageName.AsProvisioningParameter(infrastructure),
        });
        containers[0].Value!.VolumeMounts.Add(new ContainerAppVolumeMount { VolumeName = VolumeName, MountPath = VolumeMountPath });
    }
}

using Aspire.Hosting.ApplicationModel;
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
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder.PublishVolume(options.Share);
        }

        return options.HostPath is { } folder
            ? builder.WithBindMount(folder, VolumeMountPath)
            : builder.WithVolume(options.VolumeName ?? VolumeNameGenerator.Generate(builder, "artifacts"), VolumeMountPath);
    }

    /// <summary>Volumes of the model would become shares that are mounted by the account's key.</summary>
    private static IResourceBuilder<MlflowServerResource> PublishVolume(this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureNfsShareResource>? share)
    {
        if (share is null)
        {
            throw new InvalidOperationException($"MLflow server '{builder.Resource.Name}' keeps artifacts in a volume, which in Azure is a share. Give WithVolumeArtifactStore the option Share, made by AddAzureNfsShare.");
        }

        return builder.PublishAsAzureContainerApp((infrastructure, app) =>
        {
            app.Template.Volumes.Add(new ContainerAppVolume
            {
                Name = VolumeName,
                StorageType = ContainerAppStorageType.NfsAzureFile,
                StorageName = share.Resource.StorageName.AsProvisioningParameter(infrastructure),
            });
            app.Template.Containers[0].Value!.VolumeMounts.Add(new ContainerAppVolumeMount { VolumeName = VolumeName, MountPath = VolumeMountPath });
        });
    }
}

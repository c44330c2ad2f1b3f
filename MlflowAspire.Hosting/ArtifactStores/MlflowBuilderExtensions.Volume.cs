using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>The image has this folder, owned by its user: a new volume takes its owner from it.</summary>
    internal const string VolumeMountPath = "/mnt/artifacts";

    /// <summary>
    /// Keeps artifacts in a mounted volume: one of the container runtime, or a folder of this machine such as an NFS mount. Clients send and get them through
    /// the server. Container Apps takes an NFS share in its place: see the overload of MlflowAspire.Hosting.Azure.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="options">The volume or the folder.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithVolumeArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, VolumeArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new();
        builder.WithVolumeUri(options);

        var volume = options.VolumeName ?? VolumeNameGenerator.Generate(builder, "artifacts");
        var server = builder.Resource;
        foreach (var task in new[] { server.GarbageCollection, server.Backup, server.Restore, server.Import, server.Operation })
        {
            Mount(builder.ApplicationBuilder.CreateResourceBuilder(task));
        }

        return Mount(builder);

        IResourceBuilder<T> Mount<T>(IResourceBuilder<T> container)
            where T : ContainerResource => options.HostPath is { } folder
            ? container.WithBindMount(folder, VolumeMountPath)
            : container.WithVolume(volume, VolumeMountPath);
    }

    internal static IResourceBuilder<MlflowServerResource> WithVolumeUri(
        this IResourceBuilder<MlflowServerResource> builder, VolumeArtifactStoreOptions options)
    {
        Setting.Require(
            options.VolumeName is null || options.HostPath is null,
            nameof(options.HostPath), "MLFLOW_ARTIFACTS_DESTINATION", options.HostPath, "a folder or VolumeName, not both");
        return builder.WithArtifactStore($"file://{VolumeMountPath}", _ => { });
    }
}

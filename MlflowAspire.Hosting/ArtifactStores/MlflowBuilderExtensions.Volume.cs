using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>The image has this folder, owned by its user: a new volume takes its owner from it.</summary>
    private const string VolumeMountPath = "/mnt/artifacts";

    /// <summary>
    /// Keeps artifacts in a mounted volume (guide row A5): in a local run one of the container runtime, or a folder of this machine such as an NFS mount. Clients send and get
    /// them through the server (guide row A7).
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="options">The volume or the folder.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithVolumeArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, VolumeArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new();
        Setting.Require(
            options.VolumeName is null || options.HostPath is null, nameof(options.HostPath), "MLFLOW_ARTIFACTS_DESTINATION", options.HostPath, "a folder or VolumeName, not both");

        builder.WithArtifactStore($"file://{VolumeMountPath}", _ => { });
        return options.HostPath is { } folder
            ? builder.WithBindMount(folder, VolumeMountPath)
            : builder.WithVolume(options.VolumeName ?? VolumeNameGenerator.Generate(builder, "artifacts"), VolumeMountPath);
    }
}

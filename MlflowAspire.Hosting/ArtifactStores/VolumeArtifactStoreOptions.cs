using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>Where a mounted artifact store lies.</summary>
[AspireDto]
public sealed class VolumeArtifactStoreOptions
{
    /// <summary>The name of the volume in a local run; by default one that belongs only to this app host.</summary>
    public string? VolumeName { get; init; }

    /// <summary>
    /// A folder of this machine instead of a volume, such as a mounted NFS share; relative to the app host's folder. The container's user 10001 must be allowed
    /// to write there. Not together with <see cref="VolumeName"/>.
    /// </summary>
    public string? HostPath { get; init; }
}

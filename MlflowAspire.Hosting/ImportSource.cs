using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>What an import reads on this machine, as its container has it.</summary>
/// <param name="Path">The SQLite database or the folder of a file store.</param>
/// <param name="Artifacts">The folder of the artifacts; null for the one of the file store.</param>
/// <param name="ArtifactRoot">How the source names that folder; null for the one that its experiments are in.</param>
internal sealed record ImportSource(string Path, string? Artifacts, string? ArtifactRoot)
{
    private const string SourcePath = "/source";
    private const string ArtifactsPath = "/artifacts";

    /// <summary>What is mounted. A database has files beside it while somebody writes to it, so its folder is.</summary>
    public IEnumerable<ContainerMountAnnotation> Mounts
    {
        get
        {
            yield return Mount(IsFolder ? Path : System.IO.Path.GetDirectoryName(Path)!, SourcePath);
            if (Artifacts is not null)
            {
                yield return Mount(Artifacts, ArtifactsPath);
            }
        }
    }

    /// <summary>The arguments of the image.</summary>
    public IEnumerable<string> Arguments =>
    [
        "import", IsFolder ? SourcePath : $"{SourcePath}/{System.IO.Path.GetFileName(Path)}",
        .. Artifacts is null ? [] : new[] { "--artifacts", ArtifactsPath },
        .. ArtifactRoot is null ? [] : new[] { "--artifact-root", ArtifactRoot },
    ];

    /// <summary>What is wrong with the source, and with the folder of its artifacts; null when nothing is.</summary>
    public (string? Path, string? Artifacts) Faults => (
        IsFolder || File.Exists(Path) ? null : $"There is no {Path} on this machine.",
        (Artifacts, IsFolder) switch
        {
            (null, false) => "A database comes with the folder of its artifacts.",
            ({ } folder, _) when !Directory.Exists(folder) => $"There is no folder {folder} on this machine.",
            _ => null,
        });

    private bool IsFolder => Directory.Exists(Path);

    private static ContainerMountAnnotation Mount(string folder, string target) => new(folder, target, ContainerMountType.BindMount, isReadOnly: true);
}

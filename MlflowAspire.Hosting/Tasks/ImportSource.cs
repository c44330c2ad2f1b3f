using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>What an import reads: a server, or what is on this machine, as the import's container has it.</summary>
/// <param name="Path">The address of a server, the SQLite database, the dump of a database, or the folder of a file store.</param>
/// <param name="Artifacts">The folder of the artifacts; null for the one of the file store, or for a server's.</param>
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
            if (IsServer(Path))
            {
                yield break;
            }

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
        "import", IsServer(Path) ? Path : IsFolder ? SourcePath : $"{SourcePath}/{System.IO.Path.GetFileName(Path)}",
        .. Artifacts is null ? [] : new[] { "--artifacts", ArtifactsPath },
        .. ArtifactRoot is null ? [] : new[] { "--artifact-root", ArtifactRoot },
    ];

    /// <summary>What is wrong with the source, and with the folder of its artifacts; null when nothing is.</summary>
    public (string? Path, string? Artifacts) Faults => IsServer(Path) ? FaultsOfServer : (
        IsFolder || File.Exists(Path) ? null : $"There is no {Path} on this machine.",
        (Artifacts, IsFolder) switch
        {
            (null, false) when !IsDump => "A database comes with the folder of its artifacts.",
            ({ } folder, _) when !Directory.Exists(folder) => $"There is no folder {folder} on this machine.",
            _ => null,
        });

    private (string? Path, string? Artifacts) FaultsOfServer => (
        Uri.TryCreate(Path, UriKind.Absolute, out var address) && address.UserInfo.Length == 0
            ? null : "This is no address of a server; user name and password have fields of their own.",
        Artifacts is null && ArtifactRoot is null ? null : "A server hands out its artifacts itself.");

    private bool IsFolder => Directory.Exists(Path);

    private bool IsDump => System.IO.Path.GetExtension(Path).Equals(".sql", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a source is the address of a server.</summary>
    public static bool IsServer(string source) =>
        source.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static ContainerMountAnnotation Mount(string folder, string target) => new(folder, target, ContainerMountType.BindMount, isReadOnly: true);
}

using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace MlflowAspire.Tests.Image;

/// <summary>A folder of this machine that containers keep backups in.</summary>
internal sealed class BackupFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("mlflow-backup-").FullName;

    public BackupFolder()
    {
        // The user of the image writes into it, and this one reads.
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(_path, (UnixFileMode)0b111_000_111);
        }
    }

    /// <summary>The names of what is in it.</summary>
    public IEnumerable<string> Files => Directory.GetFiles(_path).Select(Path.GetFileName).OfType<string>();

    /// <summary>A container that has the folder at /backups, and an artifact store of its own.</summary>
    public ContainerBuilder In(ContainerBuilder container) => container.WithBindMount(_path, "/backups", AccessMode.ReadWrite).WithTmpfsMount("/mnt/artifacts");

    /// <summary>What the image needs to use a database and the artifact store.</summary>
    public static Dictionary<string, string> Stores(TestDatabase database) =>
        new(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = "/mnt/artifacts" };

    public void Dispose() => Directory.Delete(_path, recursive: true);
}

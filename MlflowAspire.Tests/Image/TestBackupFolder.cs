namespace MlflowAspire.Tests.Image;

/// <summary>A folder of this machine that the tasks of a test keep backups in.</summary>
internal sealed class TestBackupFolder
{
    /// <summary>The folders of all tests, in a container.</summary>
    public const string Root = "/backups";

    /// <summary>An artifact store in the same container, which is empty.</summary>
    public const string Artifacts = "/mnt/artifacts";

    private readonly string _folder;

    /// <summary>Makes a new, empty one.</summary>
    /// <param name="root">What <see cref="CreateRoot"/> has made.</param>
    public TestBackupFolder(string root)
    {
        _folder = Open(Directory.CreateDirectory(System.IO.Path.Combine(root, $"{Guid.NewGuid():N}")).FullName);
        Path = $"{Root}/{System.IO.Path.GetFileName(_folder)}";
    }

    /// <summary>The folder as a container has it.</summary>
    public string Path { get; }

    /// <summary>The names of what is in it.</summary>
    public IEnumerable<string> Files => Directory.GetFiles(_folder).Select(System.IO.Path.GetFileName).OfType<string>();

    /// <summary>Makes the folder that those of all tests are in, and gives its path on this machine.</summary>
    public static string CreateRoot() => Open(Directory.CreateTempSubdirectory("mlflow-backup-").FullName);

    /// <summary>What the image needs to use a database and the artifact store.</summary>
    public static Dictionary<string, string> Stores(TestDatabase database) => new(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = Artifacts };

    private static string Open(string folder)
    {
        // The user of the image writes into it, and this one reads.
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_000_111);
        }

        return folder;
    }
}

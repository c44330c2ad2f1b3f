namespace MlflowAspire.Hosting;

/// <summary>The folder of this machine that archives of backups are in, as containers mount it.</summary>
/// <param name="path">The full path.</param>
internal sealed class BackupFolder(string path)
{
    /// <summary>Where containers have the folder.</summary>
    public const string MountPath = "/backups";

    // The image's user is none of this machine, so everyone may write, as into /tmp. An archive belongs to the folder's group, and nobody else reads it.
    private const UnixFileMode Mode = UnixFileMode.SetGroup | UnixFileMode.StickyBit
        | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    public string Path => path;

    /// <summary>The names of the archives, the latest first.</summary>
    public IEnumerable<string> Archives => Directory.Exists(path)
        ? Directory.GetFiles(path, "*.zip").Select(System.IO.Path.GetFileName).OfType<string>().OrderDescending(StringComparer.Ordinal)
        : [];

    /// <summary>Makes the folder where it is missing. No git repository takes what is in it.</summary>
    public void Create()
    {
        if (Directory.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, Mode);
        }

        File.WriteAllText(System.IO.Path.Combine(path, ".gitignore"), "*\n");
    }
}

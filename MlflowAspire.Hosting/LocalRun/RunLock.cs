namespace MlflowAspire.Hosting;

/// <summary>Keeps a second run of the same checkout from the data volumes of the first.</summary>
internal sealed class RunLock : IDisposable
{
    // As long as an app host takes to go when it is asked to.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    // As long as its containers take to go after it.
    private static readonly TimeSpan s_aftermath = TimeSpan.FromSeconds(30);

    private readonly FileStream _file;

    private RunLock(FileStream file, bool isNew)
    {
        // A run that ends in good order empties the file.
        FollowsClosely = !isNew && (file.Length > 0 || DateTime.UtcNow - File.GetLastWriteTimeUtc(file.Name) < s_aftermath);
        _file = file;
        _file.SetLength(0);
        _file.WriteByte((byte)'!');
        _file.Flush();
    }

    /// <summary>Whether containers of the run before this one may still be there: it was killed, or has ended a moment ago.</summary>
    public bool FollowsClosely { get; }

    /// <summary>Takes the lock. The operating system releases it with the process, however that ends.</summary>
    /// <param name="folder">The folder of the app host.</param>
    /// <returns>Null when another process has it.</returns>
    public static RunLock? TryTake(string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "obj")).FullName, "run.lock");
        var isNew = !File.Exists(path);
        for (var end = DateTime.UtcNow + s_patience; ;)
        {
            try
            {
                return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), isNew);
            }
            catch (IOException) when (DateTime.UtcNow < end)
            {
                Thread.Sleep(100);
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    public void Dispose()
    {
        _file.SetLength(0);
        _file.Dispose();
    }
}

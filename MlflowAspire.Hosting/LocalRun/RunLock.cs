namespace MlflowAspire.Hosting;

/// <summary>Keeps a second run of the same checkout from the data volumes of the first.</summary>
internal sealed class RunLock : IDisposable
{
    // As long as an app host takes to go when it is asked to.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the lock. The operating system releases it with the process, however that ends.</summary>
    /// <param name="folder">The folder of the app host.</param>
    /// <returns>Null when another process has it.</returns>
    public static RunLock? TryTake(string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "obj")).FullName, "run.lock");
        for (var end = DateTime.UtcNow + s_patience; ;)
        {
            try
            {
                return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
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

    public void Dispose() => _file.Dispose();
}

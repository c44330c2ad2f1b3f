using System.Collections.Concurrent;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// What the compiler has answered, kept beside the tests by all that an answer depends on: the compiler, the question and the content of the files. Most of
/// what is published is the same for many tests, and from one run of them to the next.
/// </summary>
/// <param name="compiler">The path of the compiler, which has its version.</param>
internal sealed class BicepAnswers(string compiler)
{
    private static readonly TimeSpan s_unused = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _answers = [];
    private readonly Lazy<DirectoryInfo> _root = new(() => Open(compiler));

    /// <summary>The answer to a question about some files; it is asked for once.</summary>
    /// <param name="files">The files.</param>
    /// <param name="question">A name of the question.</param>
    /// <param name="ask">Asks the compiler, with the folder that the files are in.</param>
    public Task<string> GetAsync(BicepFiles files, string question, Func<string, Task<string>> ask) =>
        _answers.GetOrAdd($"{files.Hash}/{question}.json", path => new(() => AskAsync(files, Path.Combine(_root.Value.FullName, path), ask))).Value;

    private static async Task<string> AskAsync(BicepFiles files, string path, Func<string, Task<string>> ask)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (File.Exists(path))
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
            return await File.ReadAllTextAsync(path);
        }

        await files.WriteAsync(folder);
        var answer = await ask(folder);
        // In one step, for another run that reads it.
        var written = $"{path}.{Guid.NewGuid():N}";
        await File.WriteAllTextAsync(written, answer);
        File.Move(written, path, overwrite: true);
        return answer;
    }

    private static DirectoryInfo Open(string compiler)
    {
        var version = Path.GetFileName(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(compiler)!, "..")));
        var root = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "bicep-answers", version));
        foreach (var folder in root.EnumerateDirectories().Where(folder => DateTime.UtcNow - folder.LastWriteTimeUtc > s_unused))
        {
            folder.Delete(recursive: true);
        }

        return root;
    }
}

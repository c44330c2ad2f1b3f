using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// What a compiler has answered, kept beside the tests by all that an answer depends on: the compiler, the question and what it is about. Most of what is
/// published is the same for many tests, and from one run of them to the next.
/// </summary>
/// <param name="compiler">A name of the compiler with its version.</param>
internal sealed class CompilerAnswers(string compiler)
{
    private static readonly TimeSpan s_unused = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _answers = [];
    private readonly Lazy<DirectoryInfo> _root = new(() => Open(compiler));

    /// <summary>The answer to a question; it is asked for once.</summary>
    /// <param name="subject">A name of the content that is asked about.</param>
    /// <param name="question">A name of the question.</param>
    /// <param name="ask">Asks the compiler, with a folder for what is asked about.</param>
    public Task<string> GetAsync(string subject, string question, Func<string, Task<string>> ask) =>
        _answers.GetOrAdd($"{subject}/{question}", path => new(() => AskAsync(Path.Combine(_root.Value.FullName, path), ask))).Value;

    /// <summary>A name of a content.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];

    private static async Task<string> AskAsync(string path, Func<string, Task<string>> ask)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (File.Exists(path))
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
            return await File.ReadAllTextAsync(path);
        }

        Directory.CreateDirectory(folder);
        var answer = await ask(folder);
        // In one step, for another run that reads it.
        var written = $"{path}.{Guid.NewGuid():N}";
        await File.WriteAllTextAsync(written, answer);
        File.Move(written, path, overwrite: true);
        return answer;
    }

    private static DirectoryInfo Open(string compiler)
    {
        var root = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "compiler-answers", compiler));
        foreach (var folder in root.EnumerateDirectories().Where(folder => DateTime.UtcNow - folder.LastWriteTimeUtc > s_unused))
        {
            folder.Delete(recursive: true);
        }

        return root;
    }
}

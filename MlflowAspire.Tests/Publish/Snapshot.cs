using System.Runtime.CompilerServices;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// Reviewed files in <c>Snapshots</c>. What differs from its reviewed file is written beside it, with the ending <c>.received</c>. After a change that is
/// meant, run the tests with UPDATE_SNAPSHOTS=true and review the difference.
/// </summary>
internal static class Snapshot
{
    private const string Received = ".received";
    private static readonly bool s_update = Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") is "true";

    /// <summary>Compares a text to a reviewed file.</summary>
    /// <param name="name">The path of the file below <c>Snapshots</c>.</param>
    /// <param name="text">The text.</param>
    public static void Verify(string name, string text)
    {
        var path = Path.Combine(Root(), name);
        var ending = $"{text.TrimEnd('\n')}\n";
        if (s_update)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, ending);
        }

        var reviewed = File.Exists(path) ? File.ReadAllText(path) : "";
        if (reviewed == ending)
        {
            File.Delete(path + Received);
            return;
        }

        File.WriteAllText(path + Received, ending);
        var (expected, found) = reviewed.Split('\n').Zip(ending.Split('\n')).FirstOrDefault(lines => lines.First != lines.Second);
        Assert.Fail(
            $"Snapshots/{name} has '{expected}' where '{found}' is published; all of it is in {name}{Received}. "
            + "If that is meant, run the tests with UPDATE_SNAPSHOTS=true.");
    }

    /// <summary>Compares files to those of a reviewed folder: none is missing, none is left over.</summary>
    /// <param name="folder">The folder below <c>Snapshots</c>.</param>
    /// <param name="files">The texts of the files by their names.</param>
    public static void Verify(string folder, IReadOnlyDictionary<string, string> files)
    {
        foreach (var (name, text) in files)
        {
            Verify(Path.Combine(folder, name), text);
        }

        var reviewed = new DirectoryInfo(Path.Combine(Root(), folder)).EnumerateFiles().Where(file => file.Extension != Received);
        foreach (var file in reviewed.Where(file => !files.ContainsKey(file.Name)))
        {
            Assert.True(s_update, $"Snapshots/{folder}/{file.Name} is not published any more. If that is meant, run the tests with UPDATE_SNAPSHOTS=true.");
            file.Delete();
        }
    }

    private static string Root([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "Snapshots");
}

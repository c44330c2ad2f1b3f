using System.Runtime.CompilerServices;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// The reviewed files that the app host publishes, in <c>Snapshots/{variant}</c>. After a change that is meant, run the tests with UPDATE_SNAPSHOTS=true
/// and review the difference.
/// </summary>
internal static class Snapshot
{
    private static readonly bool Update = Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") is "true";

    /// <summary>Compares what is published to the reviewed files.</summary>
    /// <param name="variant">The name of the folder.</param>
    /// <param name="app">What is published.</param>
    /// <param name="baseline">What another variant publishes: only files that differ from it are kept in this one.</param>
    public static void Verify(string variant, PublishedApp app, PublishedApp? baseline = null)
    {
        var directory = Directory.CreateDirectory(Path.Combine(SourceDirectory(), "Snapshots", variant));
        var received = app.Files.Where(file => baseline?.Files.GetValueOrDefault(file.Key) != file.Value).ToDictionary();
        if (Update)
        {
            foreach (var file in directory.EnumerateFiles())
            {
                file.Delete();
            }

            foreach (var (name, text) in received)
            {
                File.WriteAllText(Path.Combine(directory.FullName, name), $"{text}\n");
            }
        }

        var reviewed = directory.EnumerateFiles().ToDictionary(file => file.Name, file => File.ReadAllText(file.FullName));
        Assert.Equal(reviewed.Keys.Order(StringComparer.Ordinal), received.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, text) in received)
        {
            var difference = reviewed[name].Split('\n').Zip($"{text}\n".Split('\n')).FirstOrDefault(lines => lines.First != lines.Second);
            Assert.True(
                reviewed[name] == $"{text}\n",
                $"Snapshots/{variant}/{name} has '{difference.First}' where '{difference.Second}' is published. If that is meant, run the tests with UPDATE_SNAPSHOTS=true.");
        }
    }

    private static string SourceDirectory([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

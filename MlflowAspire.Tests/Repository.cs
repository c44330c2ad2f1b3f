using System.Runtime.CompilerServices;

namespace MlflowAspire.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Path.GetDirectoryName(Path.GetDirectoryName(SourceFile()))!;

    /// <summary>The C# files below a folder, without those that a build writes.</summary>
    public static IEnumerable<string> CSharpFiles(string folder) => Directory.EnumerateFiles(folder, "*.cs").Concat(Directory.EnumerateDirectories(folder)
        .Where(child => Path.GetFileName(child) is not ("bin" or "obj"))
        .SelectMany(CSharpFiles));

    private static string SourceFile([CallerFilePath] string path = "") => path;
}

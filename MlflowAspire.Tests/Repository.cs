using System.Runtime.CompilerServices;

namespace MlflowAspire.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Path.GetDirectoryName(Path.GetDirectoryName(SourceFile()))!;

    private static string SourceFile([CallerFilePath] string path = "") => path;
}

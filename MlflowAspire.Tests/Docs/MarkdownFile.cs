using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Docs;

/// <summary>The code in a document of the repository.</summary>
internal sealed partial class MarkdownFile
{
    private MarkdownFile(string name, string text)
    {
        Name = name;
        var fenced = FencedBlock().Matches(text);
        Fenced = [.. fenced.Select(match => (match.Groups["language"].Value, Outdent(match.Groups["code"].Value)))];
        var rest = FencedBlock().Replace(text, "");
        Indented = [.. IndentedBlock().Matches(rest).Select(match => Outdent(match.Value))];
        Spans = [.. Span().Matches(IndentedBlock().Replace(rest, "\n")).Select(match => match.Groups["code"].Value)];
    }

    /// <summary>The path in the repository.</summary>
    public string Name { get; }

    /// <summary>The blocks between fences, with their languages.</summary>
    public IReadOnlyList<(string Language, string Code)> Fenced { get; }

    /// <summary>The indented blocks.</summary>
    public IReadOnlyList<string> Indented { get; }

    /// <summary>The code within lines.</summary>
    public IReadOnlyList<string> Spans { get; }

    /// <summary>The documents of the product: its README, those of its packages, and docs.</summary>
    public static IEnumerable<MarkdownFile> All => new[] { "README.md", "MlflowAspire.Hosting/README.md", "MlflowAspire.Hosting.Azure/README.md" }
        .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .Select(path => $"docs/{Path.GetFileName(path)}")
            .Order(StringComparer.Ordinal))
        .Select(Read);

    /// <summary>Reads a document.</summary>
    /// <param name="name">Its path in the repository.</param>
    public static MarkdownFile Read(string name) => new(name, File.ReadAllText(Path.Combine(Repository.Root, name)).ReplaceLineEndings("\n"));

    private static string Outdent(string code)
    {
        var lines = code.Trim('\n').Split('\n');
        var margin = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > 0 ? line[margin..] : line));
    }

    [GeneratedRegex(@"^(?<margin> *)```(?<language>\w*)\n(?<code>.*?)^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedBlock();

    [GeneratedRegex(@"(?<=\n\n|\A)( {4,}\S.*\n)+", RegexOptions.None)]
    private static partial Regex IndentedBlock();

    [GeneratedRegex("`(?<code>[^`\n]+)`")]
    private static partial Regex Span();
}

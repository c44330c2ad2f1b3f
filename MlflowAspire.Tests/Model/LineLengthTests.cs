using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Model;

/// <summary>Editors show the limit of .editorconfig, and no compiler holds it.</summary>
[Trait("Category", "Model")]
public sealed partial class LineLengthTests
{
    [Fact]
    public void Lines_are_as_short_as_editorconfig_says()
    {
        var settings = File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig")).ReplaceLineEndings("\n");
        var limit = int.Parse(Limit().Match(settings).Groups["columns"].Value);
        string[] folders = [.. Directory.EnumerateDirectories(Repository.Root, "MlflowAspire.*"), Path.Combine(Repository.Root, "samples")];
        var files = folders.SelectMany(Repository.CSharpFiles).ToArray();

        string[] longer = [.. files.SelectMany(file => File.ReadLines(file)
            .Select((line, index) => (line.Length, Place: $"{Path.GetRelativePath(Repository.Root, file)}:{index + 1}"))
            .Where(line => line.Length > limit).Select(line => $"{line.Place} has {line.Length} columns"))];
        Assert.NotEmpty(files);
        Assert.True(longer is [], string.Join('\n', longer));
    }

    [GeneratedRegex(@"\[\*\.cs\]\nmax_line_length = (?<columns>\d+)\n")]
    private static partial Regex Limit();
}

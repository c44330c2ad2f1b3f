using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Docs;

/// <summary>What README and docs name is there.</summary>
[Trait("Category", "Model")]
public partial class DocumentationTests
{
    private static readonly string[] s_folders = [".", "docs", "samples", "images/mlflow", "offline", "MlflowAspire.Hosting", "MlflowAspire.Hosting.Azure"];

    public static TheoryData<string> Pages => [.. s_folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.md"))
        .Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_and_headings(string page)
    {
        var links = Link().Matches(Read(page)).Select(match => match.Groups["link"].Value);
        foreach (var link in links.Where(link => !link.Contains("://", StringComparison.Ordinal)))
        {
            var (file, heading) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
            var target = file == "" ? page : Path.Combine(Path.GetDirectoryName(page)!, file);
            var path = Path.Combine(Repository.Root, target);
            Assert.True(File.Exists(path) || Directory.Exists(path), $"{page} links to {link}, which is not there.");
            Assert.True(heading is null || Headings(target).Contains(heading), $"{page} links to {link}, and there is no such heading.");
        }
    }

    [Fact]
    public void The_tests_and_methods_that_the_documentation_names_are_there()
    {
        var sources = string.Concat(new[] { "MlflowAspire.AppHost", "MlflowAspire.Hosting", "MlflowAspire.Hosting.Azure", "MlflowAspire.Tests" }
            .Select(folder => Path.Combine(Repository.Root, folder))
            .Where(Directory.Exists)
            .SelectMany(Repository.CSharpFiles)
            .Select(File.ReadAllText));
        var declared = Declaration().Matches(sources).Select(match => match.Groups["name"].Value).ToHashSet();

        var tests = Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .SelectMany(page => TestName().Matches(File.ReadAllText(page))).Select(match => match.Groups["name"].Value);
        foreach (var name in CodeName().Matches(Read("docs/capabilities.md")).Select(match => match.Groups["name"].Value).Concat(tests).Distinct())
        {
            Assert.Contains(name, declared);
        }
    }

    [Fact]
    public void The_python_tests_that_the_documentation_names_are_there()
    {
        var names = Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .SelectMany(page => PythonTestName().Matches(File.ReadAllText(page))).Select(match => match.Groups["name"].Value).Distinct().ToArray();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(
            File.Exists(Path.Combine(Repository.Root, "images", "mlflow", "tests", name)), $"The documentation names {name}, which is not there."));
    }

    [Fact]
    public void The_readme_can_be_read_in_a_sitting() => Assert.InRange(Read("README.md").Split('\n').Length, 1, 150);

    [Fact]
    public void The_app_host_in_the_readme_is_the_one_that_is_tested()
    {
        var sample = Read("samples/MlflowAspire.Samples.AppHost/AppHost.cs");
        foreach (var statement in CSharp().Match(Read("README.md")).Groups["code"].Value.Split("\n\n").Select(statement => statement.Trim()))
        {
            Assert.Contains(statement, sample, StringComparison.Ordinal);
        }
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Repository.Root, page)).ReplaceLineEndings("\n");

    /// <summary>The names that links have for the headings of a page.</summary>
    private static string[] Headings(string page) =>
        [.. Heading().Matches(Read(page)).Select(match => Punctuation().Replace(match.Groups["text"].Value.ToLowerInvariant(), "").Trim().Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?<link>[^)\s]+)\)")]
    private static partial Regex Link();

    // The name is looked at only: in "static partial class Name" it is the keyword of the next one.
    [GeneratedRegex(@"\b(class|record|struct|static [A-Za-z<>]+)(?= (?<name>\w+))")]
    private static partial Regex Declaration();

    [GeneratedRegex("`([A-Za-z]+\\.)?(?<name>[A-Z][A-Za-z0-9]+)`")]
    private static partial Regex CodeName();

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z]+Tests)`")]
    private static partial Regex TestName();

    [GeneratedRegex("`(?<name>test_[a-z_]+\\.py)`")]
    private static partial Regex PythonTestName();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\s_-]")]
    private static partial Regex Punctuation();

    [GeneratedRegex("```csharp\n(?<code>.+?)```", RegexOptions.Singleline)]
    private static partial Regex CSharp();
}

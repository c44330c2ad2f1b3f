using System.Runtime.Versioning;
using MlflowAspire.Tests.Scripts;

namespace MlflowAspire.Tests.Docs;

/// <summary>Each command of the documents is whole: a shell runs it, and it has what its tool asks for and nothing that the tool does not know.</summary>
[Trait("Category", "Publish")]
public sealed class CommandTests
{
    public static TheoryData<string> Names => [.. MarkdownFile.All.Select(file => file.Name)];

    [UnixTheory]
    [UnsupportedOSPlatform("windows")]
    [MemberData(nameof(Names))]
    public async Task Commands_in_blocks_are_whole(string name)
    {
        var file = MarkdownFile.Read(name);
        // Blocks of a language of their own go on from one to the next: what one sets, another uses.
        var whole = string.Join('\n', file.Fenced.Where(block => block.Language == "bash").Select(block => block.Code));
        foreach (var script in file.Indented.Where(IsScript).Append(whole))
        {
            Assert.DoesNotContain("…", script, StringComparison.Ordinal);
            var faults = (await Shell.CallsAsync(script)).Where(call => CommandLines.Tools.Contains(call[0])).Select(call => CommandLines.Fault(call))
                .OfType<string>().ToList();
            Assert.True(faults is [], $"{string.Join('\n', faults)}\n{script}");
        }
    }

    [UnixTheory]
    [UnsupportedOSPlatform("windows")]
    [MemberData(nameof(Names))]
    public async Task Commands_in_the_text_are_those_of_the_tools(string name)
    {
        var spans = MarkdownFile.Read(name).Spans.Where(span => CommandLines.Tools.Any(tool => span.StartsWith($"{tool} ", StringComparison.Ordinal)));
        // Without an option it is talked about, as in "`azd up` applies it".
        foreach (var same in spans.ToLookup(span => !span.Contains(" --", StringComparison.Ordinal)))
        {
            var script = string.Join('\n', same);
            Assert.DoesNotContain("…", script, StringComparison.Ordinal);
            var calls = await Shell.CallsAsync(script);
            Assert.True(calls.Count >= same.Count(), $"Not each of these is a call:\n{script}");
            var faults = calls.Select(call => CommandLines.Fault(call, isMention: same.Key)).OfType<string>().ToList();
            Assert.True(faults is [], $"{string.Join('\n', faults)}\n{script}");
        }
    }

    [Theory]
    [InlineData("az containerapp revision restart --name mlflow --resource-group group --revision first", null)]
    [InlineData("az containerapp revision restart --name mlflow --resource-group group", "'az containerapp revision restart' asks for --revision")]
    [InlineData("az containerapp revision restart --resource-group group --revision first --force", "'az containerapp revision restart' has no option --force")]
    [InlineData("az containerapp stop --name mlflow", "'az containerapp stop' is no command of Commands.txt")]
    [InlineData("azd up --no-state", "'azd up' has no option --no-state")]
    public void Faults_are_found(string call, string? fault) => Assert.Equal(fault, CommandLines.Fault(call.Split(' ')));

    /// <summary>Blocks that a reader types, rather than settings and rows of a log.</summary>
    [UnsupportedOSPlatform("windows")]
    private static bool IsScript(string block) => block.Split(' ', '\n')[0] is var word && (word == "export" || Shell.Tools.Contains(word));
}

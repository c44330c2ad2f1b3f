using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using MlflowAspire.Tests.Publish;
using MlflowAspire.Tests.Scripts;
using YamlDotNet.RepresentationModel;

namespace MlflowAspire.Tests.Docs;

/// <summary>The workflows of docs/continuous-deployment.md, one for each tool that deploys.</summary>
[Trait("Category", "Publish")]
public sealed partial class WorkflowTests
{
    // What GitHub knows of a workflow, a job and a step, as far as it is used.
    private static readonly string[] s_workflowKeys = ["name", "on", "permissions", "jobs"];
    private static readonly string[] s_jobKeys = ["runs-on", "environment", "concurrency", "env", "steps"];
    private static readonly string[] s_stepKeys = ["uses", "with", "run", "env"];

    [Fact]
    public void There_is_one_for_each_tool() => Assert.Equal(
        ["aspire deploy", "azd up"],
        Workflows().Select(workflow => string.Join(' ', Steps(workflow).Last().Text("run")!.Split(' ').Take(2))).Order(StringComparer.Ordinal));

    [Fact]
    public void They_have_what_github_knows_and_the_rights_of_their_credential() => Assert.All(Workflows(), workflow =>
    {
        Assert.Empty(workflow.Keys().Except(s_workflowKeys));
        Assert.Empty(Job(workflow).Keys().Except(s_jobKeys));
        Assert.All(Steps(workflow), step =>
        {
            Assert.Empty(step.Keys().Except(s_stepKeys));
            Assert.Single(step.Keys().Intersect(["uses", "run"]));
        });

        // The federated credential is one for this environment.
        Assert.Equal("production", Job(workflow).Text("environment"));
        Assert.Equal("write", workflow["permissions"].Text("id-token"));
        Assert.Contains(":environment:production\"", MarkdownFile.Read("docs/continuous-deployment.md").Indented
            .Single(block => block.StartsWith("az ad app federated-credential", StringComparison.Ordinal)), StringComparison.Ordinal);
    });

    [Fact]
    public void Actions_are_pinned_to_a_commit()
    {
        var uses = MarkdownFile.Read("docs/continuous-deployment.md").Fenced.Where(block => block.Language == "yaml")
            .SelectMany(block => block.Code.Split('\n')).Where(line => line.Contains("uses:", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(uses);
        // The version for the reader, the commit for GitHub, which lets a tag be moved.
        Assert.All(uses, line => Assert.Matches(@"^ +- uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Commands_are_those_of_the_tools()
    {
        foreach (var run in Workflows().SelectMany(Steps).Select(step => step.Text("run")).OfType<string>())
        {
            // GitHub sets what the step names.
            var calls = await Shell.CallsAsync(EnvironmentVariable().Replace(run, "value"));
            Assert.Single(calls);
            Assert.All(calls.Where(call => CommandLines.Tools.Contains(call[0])), call => Assert.Null(CommandLines.Fault(call)));
        }
    }

    [Fact]
    public async Task Parameters_that_are_asked_for_reach_the_tool()
    {
        var asked = (await PublishedApp.GetAsync()).Manifest
            .Where(resource => (string?)resource.Value!["type"] == "parameter.v0" && resource.Value["inputs"]!["value"]!["default"] is null)
            .Select(resource => AzdTemplate.Identifier(resource.Key)).ToList();
        Assert.NotEmpty(asked);

        var names = Workflows().ToDictionary(workflow => Steps(workflow).Last().Text("run")!.Split(' ')[0], workflow => Job(workflow)["env"].Keys());
        Assert.Empty(asked.Select(name => $"AZURE_{name.ToUpperInvariant()}").Except(names["azd"]));
        Assert.Empty(asked.Select(name => $"Parameters__{name}").Except(names["aspire"]));
    }

    private static IEnumerable<YamlMappingNode> Workflows() => MarkdownFile.Read("docs/continuous-deployment.md").Fenced
        .Where(block => block.Language == "yaml").Select(block => YamlFile.Parse(block.Code));

    private static YamlNode Job(YamlMappingNode workflow) => workflow["jobs"]["deploy"];

    private static IEnumerable<YamlNode> Steps(YamlMappingNode workflow) => Job(workflow).Items("steps");

    [GeneratedRegex(@"\$\w+")]
    private static partial Regex EnvironmentVariable();
}

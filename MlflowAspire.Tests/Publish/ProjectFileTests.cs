using System.Text.RegularExpressions;
using MlflowAspire.Tests.Docs;
using YamlDotNet.RepresentationModel;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// azure.yaml is as azd's schema has it. azd reads over what it does not know: a hook of a wrong name would never run. What is allowed here is what the schema
/// says of the parts that are used; another part comes with its own line.
/// </summary>
[Trait("Category", "Publish")]
public sealed partial class ProjectFileTests
{
    private static readonly string[] s_commands = ["provision", "infracreate", "infradelete", "down", "up", "package", "publish", "deploy", "restore"];

    /// <summary>The file.</summary>
    internal static YamlMappingNode Project => YamlFile.Parse(File.ReadAllText(Path.Combine(Repository.Root, "azure.yaml")));

    [Fact]
    public void Parts_are_those_of_the_schema()
    {
        Assert.Equal(["hooks", "name", "requiredVersions", "services"], Project.Keys().Order(StringComparer.Ordinal));
        Assert.Matches("^[a-z0-9][a-z0-9-]*[a-z0-9]$", Project.Text("name"));
        Assert.Equal(["azd"], Project["requiredVersions"].Keys());
    }

    [Fact]
    public void The_service_is_an_app_host()
    {
        // azd finds the resources of a .NET app host itself, when this is the only service.
        var service = Project["services"][Assert.Single(Project["services"].Keys())];

        Assert.Equal(["host", "language", "project"], service.Keys().Order(StringComparer.Ordinal));
        Assert.Equal(("dotnet", "containerapp"), (service.Text("language"), service.Text("host")));
        Assert.True(File.Exists(Path.Combine(Repository.Root, service.Text("project")!)));
    }

    [Fact]
    public void Hooks_follow_commands_that_there_are_on_each_system()
    {
        Assert.Empty(Project["hooks"].Keys().Except(s_commands.SelectMany(command => new[] { $"pre{command}", $"post{command}" })));
        Assert.All(Project["hooks"].Keys().Select(name => Project["hooks"][name]), hook =>
        {
            Assert.Equal(["posix", "windows"], hook.Keys().Order(StringComparer.Ordinal));
            Assert.All(new[] { (System: "posix", Shell: "sh"), (System: "windows", Shell: "pwsh") }, part =>
            {
                Assert.Equal(["run", "shell"], hook[part.System].Keys().Order(StringComparer.Ordinal));
                Assert.Equal(part.Shell, hook[part.System].Text("shell"));
            });
        });
    }

    [Fact]
    public void A_version_of_azd_is_asked_for_that_leaves_other_groups_alone()
    {
        var version = MinimumVersion().Match(Project["requiredVersions"].Text("azd")!);

        Assert.True(version.Success);
        Assert.True(Version.Parse(version.Groups["version"].Value) >= new Version(1, 24, 1));
    }

    [GeneratedRegex(@"^>= (?<version>\d+\.\d+\.\d+)$")]
    private static partial Regex MinimumVersion();
}

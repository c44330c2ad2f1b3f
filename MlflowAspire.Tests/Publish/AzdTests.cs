using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MlflowAspire.Hosting.Azure;
using MlflowAspire.Tests.Docs;

namespace MlflowAspire.Tests.Publish;

/// <summary>What azd can turn into a template: see the generator of its app host package.</summary>
[Trait("Category", "Publish")]
public sealed partial class AzdTests
{
    public static TheoryData<string> Names => Variants.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Parameters_are_asked_for_or_generated_and_have_no_default(string variant)
    {
        var manifest = (await Variants.PublishAsync(variant)).Manifest;

        // azd keeps a default in its environment, where it outlives the setting that it came from.
        Assert.All(Parameters(manifest), parameter => Assert.Null(parameter.Value!["inputs"]!["value"]!["default"]?["value"]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Module_parameters_are_one_reference_or_a_literal(string variant)
    {
        foreach (var (name, module) in (await Variants.PublishAsync(variant)).Manifest
            .Where(resource => ((string)resource.Value!["type"]!).StartsWith("azure.bicep", StringComparison.Ordinal)))
        {
            foreach (var (parameter, value) in module!["params"]?.AsObject() ?? [])
            {
                Assert.True(WholeReferenceOrNone().IsMatch((string)value!), $"{name}: {parameter} is {value}");
            }
        }
    }

    [Fact]
    public async Task The_parameter_of_a_resource_group_sorts_last()
    {
        var manifest = (await PublishedApp.GetAsync("Network:Mode=existing", "Database:Authentication=password")).Manifest;

        Assert.Equal("{virtual-network-resource-group.value}", (string?)manifest["network"]!["scope"]!["resourceGroup"]);
        Assert.Equal("virtual-network-resource-group", Parameters(manifest).Select(parameter => parameter.Key).Max(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, "https://mlflow.blue.westeurope.azurecontainerapps.io")]
    [InlineData("https://ml.example.com", "https://ml.example.com")]
    public async Task The_hook_tells_where_MLflow_is_with_azd_alone(string? ownUri, string expected)
    {
        if (OperatingSystem.IsWindows())
        {
            // The hook for Windows is another one.
            return;
        }

        var folder = Directory.CreateTempSubdirectory("mlflow-hook-");
        try
        {
            // azd is the only command that there is.
            var azd = Path.Combine(folder.FullName, "azd");
            await File.WriteAllTextAsync(azd, $"#!/bin/sh\necho \"$*\" > {folder.FullName}/called\n");
            File.SetUnixFileMode(azd, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var hook = Hook("posix");
            var start = new ProcessStartInfo("/bin/sh", ["-e", "-c", hook]) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment.Clear();
            start.Environment["PATH"] = folder.FullName;
            start.Environment["AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN"] = "blue.westeurope.azurecontainerapps.io";
            if (ownUri is not null)
            {
                start.Environment["ENVIRONMENT_MLFLOW_TRACKING_URI"] = ownUri;
            }

            using var process = Process.Start(start)!;
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await process.WaitForExitAsync(timeout.Token);
            Assert.Equal((0, $"MLFLOW_TRACKING_URI={expected}\n", ""),
                (process.ExitCode, await process.StandardOutput.ReadToEndAsync(timeout.Token), await process.StandardError.ReadToEndAsync(timeout.Token)));
            Assert.Equal($"env set MLFLOW_TRACKING_URI {expected}\n", await File.ReadAllTextAsync(Path.Combine(folder.FullName, "called"), timeout.Token));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void What_is_deployed_is_kept_on_each_system()
    {
        var hook = ProjectFileTests.Project["hooks"]["postprovision"];

        Assert.Equal($"dotnet run --project MlflowAspire.AppHost -- --operation publish --step {DeployedSettings.KeepStep}\n", hook["posix"].Text("run"));
        Assert.Equal(hook["posix"].Text("run"), hook["windows"].Text("run"));
    }

    [Fact]
    public void The_hook_does_the_same_on_windows() => Assert.Equal(
        ["AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN", "ENVIRONMENT_MLFLOW_TRACKING_URI"],
        EnvironmentVariable().Matches(Hook("windows")).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal));

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Parameters(JsonObject manifest) => manifest
        .Where(resource => (string?)resource.Value!["type"] == "parameter.v0");

    /// <summary>The script of the postdeploy hook.</summary>
    private static string Hook(string system) => ProjectFileTests.Project["hooks"]["postdeploy"][system].Text("run")!;

    [GeneratedRegex(@"^(\{[^{}]+\}|[^{}]*)$")]
    private static partial Regex WholeReferenceOrNone();

    [GeneratedRegex(@"\$env:(?<name>\w+)")]
    private static partial Regex EnvironmentVariable();
}

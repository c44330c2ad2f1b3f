using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>The app host as a process of its own. All other tests publish in theirs.</summary>
[Trait("Category", "Publish")]
public sealed class ProcessTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mlflow-publish-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Azd_publishes_the_same_as_the_tests_whatever_a_developer_has_for_local_runs()
    {
        var (exitCode, log) = await PublishingProcess.RunAzdAsync(_folder.FullName, """{ "Mlflow:SignIn": "none", "Mlflow:Replicas": "7" }""");

        Assert.True(exitCode == 0, log);
        Assert.Equal((await PublishedApp.GetAsync()).Files, PublishedApp.Read(_folder).Files);
    }

    [Fact]
    public async Task Aspire_publishes_the_same_modules()
    {
        var (exitCode, log) = await PublishingProcess.RunAspireAsync(_folder.FullName, "alert-email=operators@example.com");
        Assert.True(exitCode == 0, log);

        // Apps are named after their resources here, and after the kind of module there.
        var modules = (await PublishedApp.GetAsync()).Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal))
            .ToDictionary(file => file.Key.Split('.')[0].Replace("-containerapp", "", StringComparison.Ordinal), file => file.Value);
        Assert.Equal(modules.Keys.Order(), _folder.EnumerateDirectories().Select(module => module.Name).Order());
        Assert.All(
            modules,
            module => Assert.Equal(
                module.Value, File.ReadAllText(Path.Combine(_folder.FullName, module.Key, $"{module.Key}.bicep")).ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task The_hook_of_azd_keeps_what_is_deployed()
    {
        var (kept, expected) = (Path.Combine(_folder.FullName, "deployed.json"), Path.Combine(_folder.FullName, "expected.json"));

        var (exitCode, log) = await PublishingProcess.KeepDeployedSettingsAsync(kept);

        Assert.True(exitCode == 0, log);
        await DeployedSettings.WriteAsync(expected, UpgradeTests.Read(null), CancellationToken.None);
        Assert.Equal(await File.ReadAllTextAsync(expected), await File.ReadAllTextAsync(kept));
    }

    [Fact]
    public async Task Wrong_settings_are_named_and_nothing_is_written()
    {
        var (exitCode, log) = await PublishingProcess.RunAsync(_folder.FullName, "Worker=2", "Profile=prod");

        Assert.Equal(
            [
                "Mlflow:Profile is 'prod'; accepted: development or production.",
                "Mlflow:Worker is '2', and there is no such setting; did you mean Mlflow:Workers?",
            ],
            log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Equal(1, exitCode);
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }
}

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SnapshotTests
{
    public static TheoryData<string> Others => Variants.Others;

    [Fact]
    public async Task Production_is_as_reviewed() => Snapshot.Verify(Variants.Production, (await Variants.PublishAsync(Variants.Production)).Files);

    [BicepTheory]
    [MemberData(nameof(Others))]
    public async Task Variant_differs_from_production_as_reviewed(string variant) => Snapshot.Verify(
        $"{variant}.txt", ResourceDifference.Between(await Variants.DeployAsync(Variants.Production), await Variants.DeployAsync(variant)));

    [Fact]
    public async Task Publishing_twice_gives_the_same_bytes() =>
        Assert.Equal((await PublishedApp.GetAsync()).Files, (await PublishedApp.PublishAsync()).Files);

    [Fact]
    public async Task Process_of_azd_publishes_the_same_as_the_tests()
    {
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await PublishingProcess.RunAsync(directory.FullName);
            Assert.True(exitCode == 0, log);
            Assert.Equal((await PublishedApp.GetAsync()).Files, PublishedApp.Read(directory).Files);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task What_a_developer_has_for_local_runs_is_no_part_of_a_deployment()
    {
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await PublishingProcess.RunAzdAsync(directory.FullName, """{ "Mlflow:SignIn": "none", "Mlflow:Replicas": "7" }""");
            Assert.True(exitCode == 0, log);
            Assert.Equal((await PublishedApp.GetAsync()).Files, PublishedApp.Read(directory).Files);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Aspire_publishes_the_same_modules_as_azd_gets()
    {
        var app = await PublishedApp.GetAsync();
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await PublishingProcess.RunAspireAsync(directory.FullName, "alert-email=operators@example.com");
            Assert.True(exitCode == 0, log);

            // Apps are named after their resources here, and after the kind of module there.
            var modules = app.Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal))
                .ToDictionary(file => file.Key.Split('.')[0].Replace("-containerapp", "", StringComparison.Ordinal), file => file.Value);
            Assert.Equal(modules.Keys.Order(), directory.EnumerateDirectories().Select(module => module.Name).Order());
            Assert.All(
                modules,
                module => Assert.Equal(
                    module.Value, File.ReadAllText(Path.Combine(directory.FullName, module.Key, $"{module.Key}.bicep")).ReplaceLineEndings("\n")));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SnapshotTests
{
    /// <summary>The variants beside <c>production</c>, which all settings' defaults make.</summary>
    public static TheoryData<string, string[]> Variants => new()
    {
        { "development", ["Profile=development"] },
        { "existing-network", ["Network:Mode=existing"] },
        { "delegated-subnet", ["Database:Access=delegated-subnet"] },
        { "internal", ["Ingress=internal"] },
        { "environment-only", ["Ingress=environment", "SignIn=none"] },
        { "own-domain", ["CustomDomain=mlflow.example.com", "AllowedHosts=proxy.example.com"] },
        { "own-certificate", ["CustomDomain=mlflow.example.com", "Certificate=vault", "AllowedAddresses=203.0.113.0/24,198.51.100.7/32"] },
        { "replicas-with-jobs", ["Jobs=true", "Replicas=3", "JobQueue=redis"] },
        { "keys-and-passwords", ["Database:Authentication=password", "Storage:Authentication=access-key"] },
    };

    [Fact]
    public async Task Production_is_as_reviewed() => Snapshot.Verify("production", await PublishedApp.GetAsync());

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Variant_differs_from_production_as_reviewed(string variant, string[] settings) =>
        Snapshot.Verify(variant, await PublishedApp.GetAsync(settings), baseline: await PublishedApp.GetAsync());

    [Fact]
    public async Task Publishing_twice_gives_the_same_bytes() =>
        Assert.Equal((await PublishedApp.GetAsync()).Files, (await PublishedApp.PublishAsync()).Files);

    [Fact]
    public async Task Aspire_publishes_the_same_modules_as_azd_gets()
    {
        var app = await PublishedApp.GetAsync();
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await PublishedApp.RunAspireAsync(directory.FullName, "alert-email=operators@example.com");
            Assert.True(exitCode == 0, log);

            // Apps are named after their resources here, and after the kind of module there.
            var modules = app.Files.Concat(app.Templates).Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal))
                .ToDictionary(file => file.Key.Split('.')[0].Replace("-containerapp", "", StringComparison.Ordinal), file => file.Value);
            Assert.Equal(modules.Keys.Order(), directory.EnumerateDirectories().Select(module => module.Name).Order());
            Assert.All(modules, module => Assert.Equal(module.Value, File.ReadAllText(Path.Combine(directory.FullName, module.Key, $"{module.Key}.bicep")).ReplaceLineEndings("\n")));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}

using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.Packages;

/// <summary>The packages as somebody uses them who has nothing else of this repository.</summary>
[Trait("Category", "Packages")]
public sealed class HostingPackageTests(PackageFeed feed) : IClassFixture<PackageFeed>
{
    [Theory]
    [InlineData("MlflowAspire.Hosting", "Aspire.Hosting,Aspire.Hosting.PostgreSQL")]
    [InlineData("MlflowAspire.Hosting.Azure", "Aspire.Hosting.Azure.AppContainers,Aspire.Hosting.Azure.ApplicationInsights,"
        + "Aspire.Hosting.Azure.KeyVault,Aspire.Hosting.Azure.Network,"
        + "Aspire.Hosting.Azure.OperationalInsights,Aspire.Hosting.Azure.PostgreSQL,Aspire.Hosting.Azure.Storage,MlflowAspire.Hosting")]
    public async Task A_package_says_what_it_is_and_needs(string package, string dependencies)
    {
        var specification = System.Xml.Linq.XDocument.Parse(await feed.SpecificationOfAsync(package)).Root!;
        string Value(string name) => specification.Descendants().Single(element => element.Name.LocalName == name).Value;

        Assert.Equal(("MIT", "README.md"), (Value("license"), Value("readme")));
        Assert.NotEmpty(Value("description"));
        var repository = specification.Descendants().Single(element => element.Name.LocalName == "repository");
        Assert.Equal(("git", true), ((string?)repository.Attribute("type"), repository.Attribute("commit") is not null));
        var needed = specification.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string)element.Attribute("id")!);
        Assert.Equal(dependencies, string.Join(',', needed.Order()));
        HashSet<string> files = ["README.md", $"lib/net10.0/{package}.dll", $"lib/net10.0/{package}.xml"];
        Assert.Superset(files, (await feed.FilesOfAsync(package)).ToHashSet());
    }

    [Fact]
    public async Task The_image_keeps_its_folders()
    {
        var source = Path.Combine(AppContext.BaseDirectory, "images", "mlflow");
        var expected = Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Select(file => $"images/mlflow/{Path.GetRelativePath(source, file).Replace('\\', '/')}");

        var packed = (await feed.FilesOfAsync("MlflowAspire.Hosting")).Where(file => file.StartsWith("images/", StringComparison.Ordinal));
        Assert.Equal(expected.Order(), packed.Order());
    }

    [Fact]
    public async Task The_core_alone_publishes_a_server_that_migrates_when_it_starts() =>
        Snapshot.Verify("core/manifest.json", (await feed.PublishAsync("Core")).Files["manifest.json"]);

    [Theory]
    [InlineData("MlflowAspire.Hosting")]
    [InlineData("MlflowAspire.Hosting.Azure")]
    public async Task An_app_host_with_the_package_compiles_what_its_readme_shows(string package) => Assert.NotEmpty(await feed.ExamplesAsync(package));

    [BicepFact]
    public async Task The_package_of_Azure_need_not_be_called()
    {
        var deployment = await (await feed.PublishAsync("Plain")).DeployAsync();

        var app = deployment.Only("Microsoft.App/containerApps", "mlflow");
        Assert.Equal(["mlflow-migrate", "mlflow"], app.Containers.Select(container => container.Name));
        Assert.Equal(3, app.Containers.Last().Content["probes"]!.AsArray().Count);
        Assert.Equal("mlflow-gc", deployment.Only("Microsoft.App/jobs").Name);
    }

    [Fact]
    public async Task With_Azure_one_call_publishes_what_this_app_host_does()
    {
        var expected = (await Variants.PublishAsync(Variants.Production)).Files;

        var published = (await feed.PublishAsync("Azure")).Files;

        Assert.Equal(expected.Keys, published.Keys);
        Assert.All(expected, file => Assert.Equal(file.Value, published[file.Key]));
    }
}

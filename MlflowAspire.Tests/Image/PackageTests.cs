using System.Text.Json;
using System.Xml.Linq;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Image;

[Collection(PackageCollection.Name)]
[Trait("Category", "Image")]
public class PackageTests(ImageFixture image)
{
    [Fact]
    public async Task The_Python_tests_pass_inside_the_image()
    {
        var tests = Path.Combine(CommonDirectoryPath.GetSolutionDirectory().DirectoryPath, "images", "mlflow", "tests");
        var container = image.Container(new Dictionary<string, string>(), "python", "-m", "unittest", "discover", "--start-directory", "/tests");

        // Three minutes, and more than twenty beside all other tests on a machine that is slow to give memory.
        var run = await ImageRun.OfAsync(container.WithBindMount(tests, "/tests", AccessMode.ReadOnly), TimeSpan.FromMinutes(40));

        Assert.Matches(@"Ran [1-9][0-9]+ tests in .*\n\nOK\n$", run.Succeeded().Errors);
    }

    [Fact]
    public async Task No_program_of_the_image_gives_the_rights_of_another_user()
    {
        var container = image.Container(new Dictionary<string, string>(), "find", "/", "-xdev", "-type", "f", "-perm", "/6000");
        Assert.Equal("", (await ImageRun.OfAsync(container)).Output);
    }

    [Fact]
    public async Task The_image_tells_what_it_is_and_runs_without_root_rights()
    {
        var configuration = JsonDocument.Parse(await DockerCli.RunAsync("image", "inspect", "--format", "{{json .Config}}", image.ImageName)).RootElement;

        Assert.Equal("10001:10001", configuration.GetProperty("User").GetString());
        Assert.Equal("""["mlflow-aspire"]""", configuration.GetProperty("Entrypoint").GetRawText());
        Assert.Equal("""["serve"]""", configuration.GetProperty("Cmd").GetRawText());
        var labels = configuration.GetProperty("Labels");
        Assert.Equal(MlflowImage.Version, labels.GetProperty("org.opencontainers.image.version").GetString());
        var packages = XElement.Load(Path.Combine(Repository.Root, "Directory.Build.props"));
        Assert.Equal((string?)packages.Descendants("PackageLicenseExpression").Single(), labels.GetProperty("org.opencontainers.image.licenses").GetString());
        Assert.Contains("MLFLOW_DISABLE_TELEMETRY=true", configuration.GetProperty("Env").EnumerateArray().Select(variable => variable.GetString()));
    }

    [Fact]
    public async Task Every_package_on_top_of_the_base_image_is_pinned()
    {
        var images = Path.Combine(CommonDirectoryPath.GetSolutionDirectory().DirectoryPath, "images", "mlflow");
        var pins = (await File.ReadAllLinesAsync(Path.Combine(images, "requirements.txt"))).Select(line => line.Split(';')[0].TrimEnd());
        var baseImage = await DockerCli.RunAsync(
            "image", "inspect", "--format", """{{index .Config.Labels "org.opencontainers.image.base.name"}}""", image.ImageName);
        string[] freeze = ["python", "-m", "pip", "freeze", "--all", "--exclude", "mlflow-aspire"];

        var before = await ImageRun.OfAsync(image.Container(baseImage, new Dictionary<string, string>(), freeze));
        var after = await image.RunAsync(new Dictionary<string, string>(), freeze);

        var added = after.Succeeded().Output.Split('\n').Except(before.Succeeded().Output.Split('\n')).ToArray();
        Assert.NotEmpty(added);
        Assert.Empty(added.Except(pins, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_base_of_another_version_of_MLflow_is_refused()
    {
        await Tools.PrepareImageAsync(ImageFixture.PreviousImage);

        var fault = await Assert.ThrowsAnyAsync<Exception>(() => Tools.RunAsync(
            "docker", "build", "--quiet", "--build-arg", $"BASE_IMAGE={ImageFixture.PreviousImage}", MlflowImage.ContextPath));

        Assert.Contains("the base image has MLflow 3.16.1; accepted: 3.17.2, which this image is made for", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Further_packages_are_installed_and_listed()
    {
        const string package = "xmltodict";
        var name = $"{image.ImageName}-further-packages";
        await Tools.RunAsync(
            "docker", "build", "--quiet", "--tag", name, "--build-arg", $"MLFLOW_VERSION={MlflowImage.Version}",
            "--build-arg", $"PYTHON_PACKAGES={package}==1.0.4", MlflowImage.ContextPath);
        try
        {
            string[] parse = ["python", "-c", $"import {package}; print({package}.parse('<a>b</a>')['a'])"];
            var container = image.Container(name, new Dictionary<string, string>(), parse);
            Assert.Equal("b\n", (await ImageRun.OfAsync(container)).Succeeded().Output);
            var list = image.Container(name, new Dictionary<string, string>(), "cat", "/usr/share/sbom/mlflow-aspire.cdx.json");
            var components = JsonDocument.Parse((await ImageRun.OfAsync(list)).Succeeded().Output).RootElement.GetProperty("components").EnumerateArray();
            Assert.Contains(components, component => component.GetProperty("name").GetString() == package);
        }
        finally
        {
            await DockerCli.RunAsync("image", "rm", name);
        }
    }
}

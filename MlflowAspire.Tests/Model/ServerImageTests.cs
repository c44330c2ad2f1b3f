using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class ServerImageTests
{
    private const string Ready = "registry.example.com:5000/ml/mlflow-aspire:3.17.2-7";

    [Fact]
    public async Task A_ready_image_is_that_of_server_tasks_and_clients_and_nothing_is_built()
    {
        var images = await ImagesAsync(TestModel.ToRun(), mlflow => mlflow.WithServerImage(Ready).AddPythonClient("client", "client.py"));

        string[] expected = ["client", "mlflow", "mlflow-backup", "mlflow-demo", "mlflow-gc", "mlflow-migrate"];
        Assert.Empty(expected.Except(images.Keys));
        Assert.All(images.Values, container =>
        {
            var image = Assert.Single(container.Annotations.OfType<ContainerImageAnnotation>());
            Assert.Equal(("registry.example.com:5000/ml/mlflow-aspire", "3.17.2-7"), (image.Image, image.Tag));
            Assert.Empty(container.Annotations.OfType<DockerfileBuildAnnotation>());
            // It is pulled where the machine has none.
            Assert.Empty(container.Annotations.OfType<ContainerImagePullPolicyAnnotation>());
        });
    }

    [Fact]
    public async Task A_build_of_ones_own_has_its_arguments_and_its_tag()
    {
        var build = new MlflowImageBuild
        {
            MlflowVersion = MlflowImage.Version,
            BaseImage = "registry.example.com/mlflow:v3.17.2-full",
            PythonPackages = ["mlflow-oss==1.0.2", "redis[hiredis]==6.4.0"],
        };
        var images = await ImagesAsync(TestModel.ToRun(), mlflow => mlflow.WithServerImage(build));

        var tags = images.Values.Select(container => Assert.Single(container.Annotations.OfType<ContainerImageAnnotation>()).Tag).Distinct();
        Assert.Matches($"^{MlflowImage.Tag}-[0-9a-f]{{12}}$", Assert.Single(tags));
        var dockerfile = Assert.Single(images.Values.SelectMany(container => container.Annotations.OfType<DockerfileBuildAnnotation>()));
        Assert.Equal(
            ("3.17.2", "registry.example.com/mlflow:v3.17.2-full", "mlflow-oss==1.0.2 redis[hiredis]==6.4.0"),
            (dockerfile.BuildArguments["MLFLOW_VERSION"], dockerfile.BuildArguments["BASE_IMAGE"], dockerfile.BuildArguments["PYTHON_PACKAGES"]));
    }

    [Fact]
    public async Task Another_server_keeps_its_image()
    {
        var model = TestModel.ToRun();
        await ImagesAsync(
            model, _ => model.Builder.AddMlflow("other").WithBackendStore(model.Database).WithArtifactStore(model.Artifacts).WithServerImage(Ready));

        Assert.Equal(MlflowImage.Name, ImageOf("mlflow"));
        Assert.Equal("registry.example.com:5000/ml/mlflow-aspire", ImageOf("other"));

        string ImageOf(string name) => model.Builder.Resources.Single(one => one.Name == name).Annotations.OfType<ContainerImageAnnotation>().Single().Image;
    }

    [Theory]
    [InlineData("mlflow-aspire")]
    [InlineData("mlflow-aspire:latest")]
    [InlineData("https://registry.example.com/mlflow:1")]
    public void What_names_no_image_is_refused(string image)
    {
        var mlflow = TestModel.ToRun().AddMlflow();
        var exception = Assert.Throws<ArgumentException>(() => mlflow.WithServerImage(image));
        Assert.StartsWith($"image (of the image) is '{image}'; accepted: a name with a tag or digest", exception.Message, StringComparison.Ordinal);
        exception = Assert.Throws<ArgumentException>(() => mlflow.WithServerImage(new MlflowImageBuild { BaseImage = image }));
        Assert.StartsWith($"BaseImage (of the image) is '{image}'; accepted", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("litellm")]
    [InlineData("litellm>=1")]
    [InlineData("litellm==1.0 --index-url=http://x")]
    [InlineData("-r==1")]
    public void What_is_no_package_with_its_version_is_refused(string package)
    {
        var build = new MlflowImageBuild { PythonPackages = [package] };
        var exception = Assert.Throws<ArgumentException>(() => TestModel.ToRun().AddMlflow().WithServerImage(build));
        Assert.StartsWith(
            $"PythonPackages (PYTHON_PACKAGES) is '{package}'; accepted: a package with its version", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_version_and_a_second_image_are_refused()
    {
        var mlflow = TestModel.ToRun().AddMlflow();
        var wrong = Assert.Throws<ArgumentException>(() => mlflow.WithServerImage(new MlflowImageBuild { MlflowVersion = "3.16.1" }));
        Assert.StartsWith(
            "MlflowVersion (MLFLOW_VERSION) is '3.16.1'; accepted: 3.17.2, which the image is made for.", wrong.Message, StringComparison.Ordinal);

        mlflow.WithServerImage(Ready);
        var second = Assert.Throws<InvalidOperationException>(() => mlflow.WithServerImage(Ready));
        Assert.Contains("'mlflow' has an image already", second.Message, StringComparison.Ordinal);
    }

    /// <summary>The containers of the server as they are started.</summary>
    private static async Task<Dictionary<string, ContainerResource>> ImagesAsync(TestModel model, Action<IResourceBuilder<MlflowServerResource>> configure)
    {
        configure(model.AddMlflow());
        await using var app = model.Builder.Build();
        await model.Builder.Eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()));
        return model.Builder.Resources.OfType<ContainerResource>()
            .Where(container => container.Annotations.OfType<ImageOfServerAnnotation>().Any(image => image.Server.Name == "mlflow"))
            .ToDictionary(container => container.Name);
    }
}

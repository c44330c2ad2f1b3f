using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class LiteLlmTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_installed_in_the_image_of_server_tasks_and_clients(bool isInstalled)
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        if (isInstalled)
        {
            mlflow.WithLiteLlm("1.83.0");
        }

        mlflow.AddPythonClient("client", "client.py");
        await using var app = model.Builder.Build();
        await model.Builder.Eventing.PublishAsync(new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>()));

        var tag = isInstalled ? $"{MlflowImage.Tag}-litellm-1.83.0" : MlflowImage.Tag;
        var images = model.Builder.Resources.SelectMany(resource => resource.Annotations.OfType<ContainerImageAnnotation>())
            .Where(image => image.Image == MlflowImage.Name).ToArray();
        // Server, client and five tasks.
        Assert.Equal(7, images.Length);
        Assert.All(images, image => Assert.Equal(tag, image.Tag));
        var build = Assert.Single(model.Builder.Resources.SelectMany(resource => resource.Annotations.OfType<DockerfileBuildAnnotation>()));
        Assert.Equal(isInstalled ? "1.83.0" : null, build.BuildArguments.GetValueOrDefault("LITELLM_VERSION"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("latest")]
    [InlineData("1.83.0; echo")]
    public void What_is_no_version_is_refused(string version) =>
        Assert.Contains(
            $"'{version}' is not a version of litellm (LITELLM_VERSION)",
            Assert.Throws<ArgumentException>(() => TestModel.ToRun().AddMlflow().WithLiteLlm(version)).Message,
            StringComparison.Ordinal);
}

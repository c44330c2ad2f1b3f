using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class ReferenceTests
{
    [Fact]
    public async Task A_container_gets_the_address_in_the_containers_network()
    {
        var model = TestModel.ToRun();
        var client = model.Builder.AddContainer("client", "python").WithReference(model.AddMlflow());

        Assert.Equal("http://mlflow.dev.internal:5000", (await client.Resource.EnvironmentAsync(model.Builder))["MLFLOW_TRACKING_URI"]);
    }

    [Fact]
    public async Task A_process_gets_the_address_on_the_machine()
    {
        var model = TestModel.ToRun();
        var client = model.Builder.AddExecutable("client", "python", ".").WithReference(model.AddMlflow());

        Assert.Equal("http://localhost:40500", (await client.Resource.EnvironmentAsync(model.Builder))["MLFLOW_TRACKING_URI"]);
    }

    [Fact]
    public async Task A_client_gets_nothing_but_the_address()
    {
        var model = TestModel.ToRun();
        var client = model.Builder.AddContainer("client", "python").WithReference(model.AddMlflow());

        Assert.Equal(["MLFLOW_TRACKING_URI", "services__mlflow__http__0"], (await client.Resource.EnvironmentAsync(model.Builder)).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_published_address_is_that_of_the_app()
    {
        var model = TestModel.ToPublish();
        var client = model.Builder.AddContainer("client", "python").WithReference(model.AddMlflow());

        Assert.Equal("{mlflow.bindings.http.url}", (await client.Resource.EnvironmentAsync(model.Builder))["MLFLOW_TRACKING_URI"]);
    }

    [Fact]
    public void Has_connection_properties()
    {
        IResourceWithConnectionString server = TestModel.ToPublish().AddMlflow().Resource;

        Assert.Equal("MLFLOW_TRACKING_URI", server.ConnectionStringEnvironmentVariable);
        Assert.Equal(
            ["Host={mlflow.bindings.http.host}", "Port={mlflow.bindings.http.port}", "Uri={mlflow.bindings.http.url}"],
            server.GetConnectionProperties().Select(property => $"{property.Key}={property.Value.ValueExpression}"));
    }
}

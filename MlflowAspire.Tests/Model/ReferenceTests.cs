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

        Assert.Equal(
            ["MLFLOW_TRACKING_URI", "MLFLOW_URI", "services__mlflow__http__0"],
            (await client.Resource.EnvironmentAsync(model.Builder)).Keys.Order(StringComparer.Ordinal));
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
        Assert.Equal("Uri={mlflow.bindings.http.url}", Assert.Single(Properties(server)));

        server = TestModel.ToPublish().AddMlflow().WithBasicAuth().Resource;
        Assert.Equal(["Uri={mlflow.bindings.http.url}", "Username=admin", "Password={mlflow-admin-password.value}"], Properties(server));
    }

    [Fact]
    public async Task Every_reference_gives_address_and_credentials()
    {
        var model = TestModel.ToPublish();
        var mlflow = model.AddMlflow();
        var client = model.Builder.AddContainer("client", "python").WithReference(mlflow);
        var named = model.Builder.AddContainer("named", "python").WithReference(mlflow, connectionName: "tracking", optional: true);
        var untyped = model.Builder.AddContainer("untyped", "python").WithReference((IResourceBuilder<IResourceWithConnectionString>)mlflow);
        mlflow.WithBasicAuth();

        foreach (var (resource, prefix) in new[] { (client, "MLFLOW"), (named, "TRACKING"), (untyped, "MLFLOW") })
        {
            var environment = await resource.Resource.EnvironmentAsync(model.Builder);
            // The manifest has it as "{mlflow.bindings.http.url}".
            Assert.Equal(resource == untyped ? "{mlflow.connectionString}" : "{mlflow.bindings.http.url}", environment["MLFLOW_TRACKING_URI"]);
            Assert.Equal("{mlflow.bindings.http.url}", environment[$"{prefix}_URI"]);
            Assert.Equal(("admin", "{mlflow-admin-password.value}"), (environment[$"{prefix}_USERNAME"], environment[$"{prefix}_PASSWORD"]));
            // They are where `mlflow models serve` listens.
            Assert.DoesNotContain("MLFLOW_HOST", environment.Keys);
            Assert.DoesNotContain("MLFLOW_PORT", environment.Keys);
        }

        foreach (var resource in new[] { client, named })
        {
            var environment = await resource.Resource.EnvironmentAsync(model.Builder);
            Assert.Equal(("admin", "{mlflow-admin-password.value}"), (environment["MLFLOW_TRACKING_USERNAME"], environment["MLFLOW_TRACKING_PASSWORD"]));
            Assert.Equal("{mlflow.bindings.http.url}", environment["services__mlflow__http__0"]);
        }
    }

    private static IEnumerable<string> Properties(IResourceWithConnectionString server) =>
        server.GetConnectionProperties().Select(property => $"{property.Key}={property.Value.ValueExpression}");
}

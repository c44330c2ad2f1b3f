using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class AddMlflowTests
{
    [Fact]
    public void Has_an_http_endpoint_a_health_check_an_icon_and_a_named_url()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow(5000).Resource;

        var endpoint = Assert.Single(server.Annotations.OfType<EndpointAnnotation>());
        Assert.Equal(("http", "http", 5000, 5000), (endpoint.Name, endpoint.UriScheme, endpoint.Port, endpoint.TargetPort));
        Assert.Equal("mlflow-health", Assert.Single(server.Annotations.OfType<HealthCheckAnnotation>()).Key);
        Assert.Single(server.Annotations.OfType<ResourceIconAnnotation>());
        Assert.NotEmpty(server.Annotations.OfType<ResourceUrlsCallbackAnnotation>());
    }

    [Fact]
    public async Task Is_right_sized_by_default()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().Resource;

        var environment = await server.EnvironmentAsync(model.Builder);
        Assert.Equal("1", environment["MLFLOW_WORKERS"]);
        Assert.Equal("false", environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"]);
        Assert.Equal("true", environment["MLFLOW_DISABLE_TELEMETRY"]);
        Assert.Contains("--memory=2g", await server.RuntimeArgumentsAsync());
    }

    [Fact]
    public async Task Jobs_raise_the_memory()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().WithJobs().Resource;

        Assert.Equal("true", (await server.EnvironmentAsync(model.Builder))["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"]);
        Assert.Contains("--memory=4g", await server.RuntimeArgumentsAsync());
    }

    [Fact]
    public async Task Every_container_of_the_image_runs_with_the_least_rights()
    {
        var model = TestModel.ToRun();
        model.AddMlflow().AddPythonClient("client", "client.py");

        var containers = OfTheImage(model);
        Assert.Equal(
            ["client", "mlflow", "mlflow-backup", "mlflow-demo", "mlflow-gc", "mlflow-import", "mlflow-migrate", "mlflow-operation", "mlflow-restore"],
            containers.Select(container => container.Name).Order());
        foreach (var container in containers)
        {
            var arguments = await container.RuntimeArgumentsAsync();
            Assert.Contains("--read-only", arguments);
            Assert.Contains("no-new-privileges", arguments);
            Assert.Equal("ALL", arguments[Array.IndexOf(arguments, "--cap-drop") + 1]);
        }
    }

    [Fact]
    public async Task Secrets_are_secret_parameters_and_stand_in_the_environment_alone()
    {
        var model = TestModel.ToRun();
        model.AddMlflow();

        foreach (var name in new[] { "mlflow-flask-secret-key", "mlflow-kek-passphrase", "mlflow-webhook-key" })
        {
            var parameter = Assert.Single(model.Builder.Resources.OfType<ParameterResource>(), parameter => parameter.Name == name);
            Assert.True(parameter.Secret);
            Assert.NotNull(parameter.Default);
        }

        string[] secrets = ["p@ss:w/rd%1", "flask-secret-value", "kek-secret-value", "webhook-secret-value"];
        foreach (var container in model.Builder.Resources.Where(resource => resource.HasAnnotationOfType<DockerfileBuildAnnotation>()))
        {
            var arguments = (await container.ArgumentsAsync(model.Builder)).Concat(await container.RuntimeArgumentsAsync()).ToList();
            Assert.DoesNotContain(arguments, argument => secrets.Any(secret => argument.Contains(secret, StringComparison.Ordinal)));
        }

        var server = await model.Builder.Resources.OfType<MlflowServerResource>().Single().EnvironmentAsync(model.Builder);
        Assert.Equal("flask-secret-value", server["MLFLOW_FLASK_SERVER_SECRET_KEY"]);
        Assert.Equal("kek-secret-value", server["MLFLOW_CRYPTO_KEK_PASSPHRASE"]);
        Assert.Equal("webhook-secret-value", server["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"]);
    }

    [Fact]
    public void Generated_secrets_are_long_enough_for_their_use()
    {
        var model = TestModel.ToRun();
        model.Builder.AddMlflow("other");

        var generated = model.Builder.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == "other-webhook-key").Default!;
        Assert.True(generated.GetDefaultValue().Length >= 32);
    }

    [Fact]
    public void The_server_starts_after_the_migration_and_the_migration_after_the_database()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().Resource;

        var completion = Assert.Single(server.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource == server.Migration);
        Assert.Equal(WaitType.WaitForCompletion, completion.WaitType);
        Assert.Equal(0, completion.ExitCode);
        Assert.Contains(
            server.Migration.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == "mlflow-db" && wait.WaitType == WaitType.WaitUntilHealthy);
        Assert.Contains(server.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == "artifacts");
    }

    [Fact]
    public void Tasks_other_than_the_migration_wait_for_a_hand_to_start_them()
    {
        var model = TestModel.ToRun();
        model.AddMlflow().AddPythonClient("client", "client.py");

        var byHand = model.Builder.Resources.Where(resource => resource.HasAnnotationOfType<ExplicitStartupAnnotation>()).Select(resource => resource.Name);
        Assert.Equal(["client", "mlflow-backup", "mlflow-demo", "mlflow-gc", "mlflow-import", "mlflow-operation", "mlflow-restore"], byHand.Order());
    }

    [Fact]
    public void One_image_is_built_once_before_any_container_of_it_starts()
    {
        var model = TestModel.ToRun();
        model.AddMlflow().AddPythonClient("client", "client.py");

        Assert.Equal("mlflow-migrate", Assert.Single(model.Builder.Resources, resource => resource.HasAnnotationOfType<DockerfileBuildAnnotation>()).Name);
        Assert.All(OfTheImage(model), container =>
        {
            Assert.True(container.TryGetContainerImageName(out var image));
            Assert.Equal($"mlflow-aspire:{MlflowImage.Tag}", image);
            Assert.True(container.Name == "mlflow-migrate" || container.HasAnnotationOfType<WaitAnnotation>(), container.Name);
        });
        Assert.Matches(@"\A3\.17\.2-[0-9a-f]{12}\z", MlflowImage.Tag);
    }

    /// <summary>A trusted one is copied into each container, which fails for those that are read-only.</summary>
    [Fact]
    public void No_developer_certificate_is_copied_into_containers_of_the_image()
    {
        var model = TestModel.ToRun();
        model.AddMlflow().AddPythonClient("client", "client.py");

        Assert.All(OfTheImage(model), container =>
        {
            Assert.False(Assert.Single(container.Annotations.OfType<CertificateAuthorityCollectionAnnotation>()).TrustDeveloperCertificates);
            Assert.False(Assert.Single(container.Annotations.OfType<HttpsCertificateAnnotation>()).UseDeveloperCertificate);
        });
    }

    private static List<IResource> OfTheImage(TestModel model) =>
        [.. model.Builder.Resources.Where(
            resource => resource.TryGetContainerImageName(out var image) && image.StartsWith("mlflow-aspire:", StringComparison.Ordinal))];

    [Fact]
    public void Has_commands_for_demo_data_and_garbage_collection()
    {
        var model = TestModel.ToRun();
        var commands = model.AddMlflow().Resource.Annotations.OfType<ResourceCommandAnnotation>().ToDictionary(command => command.Name);

        Assert.Equal("Load demo data", commands["load-demo-data"].DisplayName);
        Assert.Equal("Collect garbage", commands["collect-garbage"].DisplayName);
        Assert.NotNull(commands["collect-garbage"].ConfirmationMessage);
    }

    [Fact]
    public async Task A_server_without_stores_does_not_start()
    {
        Assert.Contains("'mlflow' has no backend store", (await StartAsync((_, _) => { })).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'mlflow' has no artifact store", (await StartAsync((mlflow, model) => mlflow.WithBackendStore(model.Database))).Message, StringComparison.Ordinal);

        static async Task<Exception> StartAsync(Action<IResourceBuilder<MlflowServerResource>, TestModel> configure)
        {
            var model = TestModel.ToRun();
            configure(model.Builder.AddMlflow("mlflow"), model);
            await using var app = model.Builder.Build();
            return await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65536)]
    public void A_port_out_of_range_is_refused(int port) =>
        Assert.StartsWith(
            $"port (of this machine) is '{port}'; accepted: a whole number from 0 to 65535.",
            Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow", port)).Message,
            StringComparison.Ordinal);
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class ServerOptionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Workers_out_of_range_are_refused(int workers) =>
        Assert.Contains(
            "MLFLOW_WORKERS",
            Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithWorkers(workers)).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task Workers_are_set()
    {
        var model = TestModel.ToRun();
        Assert.Equal("4", (await model.AddMlflow().WithWorkers(4).Resource.EnvironmentAsync(model.Builder))["MLFLOW_WORKERS"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_AI_gateway_is_switched_on_or_off(bool enabled)
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().WithAIGateway(enabled).Resource.EnvironmentAsync(model.Builder);
        Assert.Equal(enabled ? "true" : "false", environment["MLFLOW_ENABLE_AI_GATEWAY"]);
    }

    [Fact]
    public void A_secret_version_below_one_is_refused() =>
        Assert.Contains(
            "WebhookKey",
            Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithSecretVersions(new() { WebhookKey = 0 })).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(86401)]
    public void An_artifact_timeout_out_of_range_is_refused(double seconds) =>
        Assert.Contains(
            "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT",
            Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithArtifactTimeout(TimeSpan.FromSeconds(seconds))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(600)]
    [InlineData(-1)]
    public async Task The_artifact_timeout_is_set_in_seconds(int seconds)
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().WithArtifactTimeout(TimeSpan.FromSeconds(seconds)).Resource.EnvironmentAsync(model.Builder);
        Assert.Equal($"{seconds}", environment["MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT"]);
    }

    [Fact]
    public async Task The_artifact_timeout_is_MLflows_own_unless_it_is_set()
    {
        var model = TestModel.ToRun();
        Assert.DoesNotContain("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", await model.AddMlflow().Resource.EnvironmentAsync(model.Builder));
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(-1)]
    [InlineData(3601)]
    public void A_statement_timeout_out_of_range_is_refused(double seconds) =>
        Assert.Contains(
            "MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS",
            Assert.Throws<ArgumentOutOfRangeException>(
                () => TestModel.Create().AddMlflow("mlflow").WithStatementTimeout(TimeSpan.FromSeconds(seconds))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task The_statement_timeout_is_set_in_seconds(int seconds)
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().WithStatementTimeout(TimeSpan.FromSeconds(seconds)).Resource.EnvironmentAsync(model.Builder);
        Assert.Equal($"{seconds}", environment["MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1048577)]
    public void A_size_of_artifacts_out_of_range_is_refused(int mebibytes) =>
        Assert.Contains(
            "MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES",
            Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithMaxArtifactSize(mebibytes)).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task The_largest_artifact_is_set()
    {
        var model = TestModel.ToRun();
        Assert.Equal(
            "2048", (await model.AddMlflow().WithMaxArtifactSize(2048).Resource.EnvironmentAsync(model.Builder))["MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES"]);
    }

    [Fact]
    public void Temporary_files_are_on_disk_in_a_local_run_alone()
    {
        var mount = Assert.Single(TestModel.ToRun().AddMlflow().Resource.Annotations.OfType<ContainerMountAnnotation>());
        Assert.Equal((ContainerMountType.Volume, "/var/spool/mlflow"), (mount.Type, mount.Target));
        Assert.Empty(TestModel.ToPublish().AddMlflow().Resource.Annotations.OfType<ContainerMountAnnotation>());
    }

    [Fact]
    public async Task Allowed_hosts_are_those_of_the_endpoints_and_the_added_ones_with_any_port()
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().WithAllowedHosts("ml.example.com", "*.corp.example:8443").Resource.EnvironmentAsync(model.Builder);

        Assert.Equal(
            [
                "localhost", "localhost:*", "127.0.0.1", "127.0.0.1:*", "mlflow", "mlflow:*", "mlflow.dev.internal", "mlflow.dev.internal:*",
                "ml.example.com", "ml.example.com:*", "*.corp.example:8443",
            ],
            environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Split(','));
    }

    [Fact]
    public async Task In_azure_the_allowed_host_is_the_one_of_the_ingress()
    {
        var model = TestModel.ToPublish();
        var hosts = (await model.AddMlflow().Resource.EnvironmentAsync(model.Builder))["MLFLOW_SERVER_ALLOWED_HOSTS"];

        Assert.Equal("mlflow,mlflow:*,{mlflow.bindings.http.host},{mlflow.bindings.http.host}:*", hosts);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.*")]
    [InlineData("")]
    [InlineData("https://ml.example.com")]
    [InlineData("ml.example.com/path")]
    [InlineData("a,b")]
    [InlineData("ml.example.com:")]
    public void What_is_no_host_name_or_allows_all_is_refused(string host) =>
        Assert.Contains(
            "MLFLOW_SERVER_ALLOWED_HOSTS",
            Assert.Throws<ArgumentException>(() => TestModel.Create().AddMlflow("mlflow").WithAllowedHosts(host)).Message,
            StringComparison.Ordinal);
}

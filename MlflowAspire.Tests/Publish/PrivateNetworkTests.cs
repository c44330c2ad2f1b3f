using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>What an app host of somebody else gets from the library.</summary>
[Trait("Category", "Publish")]
public sealed class PrivateNetworkTests
{
    [Fact]
    public async Task One_call_publishes_all_that_this_app_host_does()
    {
        var settings = new MlflowSettings { OpenTelemetry = true, SignIn = new() { Mode = SignInMode.Basic } };

        var published = await PublishedApp.PublishAsync(builder => AddMlflow(builder).WithSettings(settings).PublishToPrivateNetwork(settings));

        var expected = (await Variants.PublishAsync(Variants.Production)).Files;
        Assert.Equal(expected.Keys, published.Files.Keys);
        Assert.All(expected, file => Assert.Equal(file.Value, published.Files[file.Key]));
    }

    [BicepFact]
    public async Task What_methods_say_goes_before_the_settings_whichever_comes_first()
    {
        var settings = new MlflowSettings { Server = new() { Replicas = 2, GarbageCollectionSchedule = "0 4 * * *" }, OperationJobs = [OperationJob.Backup] };
        Action<IResourceBuilder<MlflowServerResource>>[] calls =
        [
            mlflow => mlflow.WithReplicas(3),
            mlflow => mlflow.WithGarbageCollection("0 5 * * *", "7d"),
            mlflow => mlflow.WithOperators(new MlflowOperator("team", OperatorKind.Group, Guid.Parse("6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10"))),
            mlflow => mlflow.WithOperationJobs([OperationJob.Check]),
            mlflow => mlflow.WithIPRestrictions(IPNetwork.Parse("203.0.113.0/24")),
        ];

        var before = await DeployAsync([.. calls, PublishToPrivateNetwork]);
        var after = await DeployAsync([PublishToPrivateNetwork, .. calls]);

        Assert.Equal("", ResourceDifference.Between(before, after));
        Assert.Equal("3", before.Only("Microsoft.App/containerApps", "mlflow")["properties.template.scale.minReplicas"]);
        Assert.Equal(["mlflow-check", "mlflow-gc"], before.All("Microsoft.App/jobs").Select(job => job.Name).Order());
        Assert.Equal(
            "0 5 * * *", before.Only("Microsoft.App/jobs", "mlflow-gc")["properties.configuration.scheduleTriggerConfig.cronExpression"]);

        void PublishToPrivateNetwork(IResourceBuilder<MlflowServerResource> mlflow) => mlflow.PublishToPrivateNetwork(settings);
    }

    [BicepFact]
    public async Task Addresses_of_all_calls_are_let_in()
    {
        var settings = new MlflowSettings { Server = new() { AllowedAddresses = [IPNetwork.Parse("203.0.113.0/24")] } };

        var deployment = await DeployAsync(
        [
            mlflow => mlflow.WithIPRestrictions(IPNetwork.Parse("198.51.100.7/32")),
            mlflow => mlflow.PublishToPrivateNetwork(settings),
            mlflow => mlflow.WithIPRestrictions(),
        ]);

        Assert.Equal(
            [("allowed-1", "198.51.100.7/32"), ("allowed-2", "203.0.113.0/24")],
            deployment.Only("Microsoft.App/containerApps").List("properties.configuration.ingress.ipSecurityRestrictions")
                .Select(rule => ((string)rule["name"]!, (string)rule["ipAddressRange"]!)));
    }

    [Theory]
    [InlineData(30, 7, "may open 6300 connections to its database with WithReplicas(30) and WithWorkers(7), and Standard_D2ds_v5 has 844.")]
    [InlineData(30, 1, "may open 900 connections to its database with WithReplicas(30) and WithWorkers(1), and Standard_D2ds_v5 has 844.")]
    [InlineData(28, 1, null)]
    public async Task A_server_that_methods_make_larger_than_its_database_is_refused(int replicas, int workers, string? refusal)
    {
        var publish = PublishedApp.PublishAsync(builder => AddMlflow(builder)
            .WithBasicAuth()
            .WithSize(2, 4)
            .PublishToPrivateNetwork()
            .WithReplicas(replicas)
            .WithWorkers(workers));

        if (refusal is null)
        {
            await publish;
        }
        else
        {
            Assert.Contains(refusal, (await Assert.ThrowsAsync<DistributedApplicationException>(() => publish)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_artifact_store_that_comes_later_is_missed()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => PublishedApp.PublishAsync(builder => builder.AddMlflow("mlflow")
            .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db"))
            .WithBasicAuth()
            .PublishToPrivateNetwork()));

        Assert.Contains("Call WithArtifactStore, or the method of another store, before PublishToPrivateNetwork", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_of_a_network_can_be_opened()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            var network = builder.AddMlflowPrivateNetwork();
            network.AllowOutbound("models", "203.0.113.0/24", "8443", "9000-9100").AllowInbound("jump-host", "10.9.0.0/24", network.Database, "5432");
            AddMlflow(builder).WithBasicAuth().PublishToPrivateNetwork(network: network);
        });

        var deployment = await published.DeployAsync();
        Assert.Equal("10.0.0.0/23 -> 203.0.113.0/24: 8443,9000-9100", Rule(deployment, "operators-models-out"));
        Assert.Equal("10.9.0.0/24 -> 10.0.2.0/27: 5432", Rule(deployment, "operators-jump-host-in"));
    }

    [Theory]
    [InlineData("a rule", "203.0.113.0/24", "8443")]
    [InlineData("rule", "203.0.113.1/24", "8443")]
    [InlineData("rule", "example.com", "8443")]
    [InlineData("rule", "203.0.113.0/24", "0")]
    [InlineData("rule", "203.0.113.0/24")]
    public async Task A_wrong_rule_is_refused_where_it_is_given(string name, string range, params string[] ports) => await PublishedApp.PublishAsync(builder =>
        Assert.Contains(
            "accepted: a name of letters",
            Assert.Throws<ArgumentException>(() => builder.AddMlflowPrivateNetwork().AllowOutbound(name, range, ports)).Message,
            StringComparison.Ordinal));

    [Fact]
    public async Task Settings_made_in_code_are_checked_as_those_of_the_configuration_are()
    {
        var failure = await Assert.ThrowsAsync<SettingsException>(() => PublishedApp.PublishAsync(builder =>
            AddMlflow(builder).PublishToPrivateNetwork(new() { Jobs = true, Server = new() { Replicas = 2, GarbageCollectionSchedule = "daily" } })));

        Assert.Equal(
            ["Mlflow:Replicas", "Mlflow:GarbageCollection:Schedule", "Mlflow:SignIn"],
            failure.Message.Split(Environment.NewLine).Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task A_store_that_it_does_not_know_is_named()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => PublishedApp.PublishAsync(builder => builder.AddMlflow("mlflow")
            .WithBackendStore(builder.AddPostgres("postgres").AddDatabase("mlflow-db"))
            .WithS3ArtifactStore("artifacts").WithBasicAuth().PublishToPrivateNetwork()));

        Assert.Contains("Call WithBackendStore with one before PublishToPrivateNetwork", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<Deployment> DeployAsync(IEnumerable<Action<IResourceBuilder<MlflowServerResource>>> calls) =>
        await (await PublishedApp.PublishAsync(builder =>
        {
            var mlflow = AddMlflow(builder).WithBasicAuth();
            foreach (var call in calls)
            {
                call(mlflow);
            }
        })).DeployAsync();

    private static IResourceBuilder<MlflowServerResource> AddMlflow(IDistributedApplicationBuilder builder)
    {
        var database = builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow");
        var artifacts = builder.AddAzureStorage("storage").AddBlobContainer("artifacts", "mlflow");
        return builder.AddMlflow("mlflow").WithBackendStore(database).WithArtifactStore(artifacts);
    }

    private static string Rule(Deployment deployment, string name)
    {
        var rule = Assert.Single(
            deployment.All("Microsoft.Network/networkSecurityGroups").SelectMany(group => group.List("properties.securityRules")),
            rule => (string)rule["name"]! == name)["properties"]!;
        var ports = rule["destinationPortRanges"]?.AsArray().Select(range => (string)range!) ?? [(string)rule["destinationPortRange"]!];
        return $"{rule["sourceAddressPrefix"]} -> {rule["destinationAddressPrefix"]}: {string.Join(',', ports)}";
    }
}

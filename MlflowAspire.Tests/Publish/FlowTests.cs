using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// Which flows the network security groups let pass, as Azure evaluates them: by direction, in the order of priorities, the first rule that matches.
/// </summary>
[Trait("Category", "Publish")]
public sealed class FlowTests
{
    private const string Server = "10.0.0.10";
    private const string Database = "10.0.2.5";
    private const string Endpoint = "10.0.2.37";
    private const string Neighbor = "10.0.9.9";
    private const string Internet = ServiceTags.Elsewhere;
    private const string LoadBalancer = ServiceTags.Platform;
    private static readonly string Storage = ServiceTags.AddressOf("Storage");
    private static readonly string Entra = ServiceTags.AddressOf("AzureActiveDirectory");

    private static readonly ConcurrentDictionary<string, Lazy<Task<PublishedApp>>> s_stores = [];
    private static readonly string[] s_delegated = ["Database:Access=delegated-subnet"];
    private static readonly string[] s_redis = ["Jobs=true", "Replicas=3", "JobQueue=redis"];
    private static readonly string[] s_managedRedis = [.. s_redis, "Network:JobQueue=10.0.9.0/24:10000"];
    private static readonly string[] s_operators =
    [
        "Network:Rules:jump-host=10.0.9.0/24 -> database:5432",
        "Network:Rules:models=container-apps -> 203.0.113.0/24:8443,9000-9100",
    ];

    private static readonly string[] s_import = ["Import:Source=http://10.20.0.4:5000"];
    private static readonly string[] s_importByHttps = ["Import:Source=https://10.20.0.4"];
    private static readonly string[] s_importByName = ["Import:Source=https://mlflow.example.com:8443"];
    private static readonly string[] s_importFromTheInternet = ["Import:Source=https://203.0.113.9:8443"];

    /// <summary>From, to, port, whether it passes, the settings.</summary>
    public static TheoryData<string, string, int, bool, string[]> Flows => new()
    {
        // What the deployment needs.
        { Server, Database, 5432, true, [] },
        { Server, Endpoint, 443, true, [] },
        { Server, Internet, 443, true, [] },
        { Server, Entra, 443, true, [] },
        { Server, Neighbor, 53, true, [] },
        { Server, LoadBalancer, 53, true, [] },
        { "10.0.0.11", Server, 8080, true, [] },
        { Neighbor, Server, 443, true, [] },
        { Neighbor, Server, 80, true, [] },
        { Neighbor, Server, 31443, true, [] },
        { Neighbor, Server, 31080, true, [] },
        { LoadBalancer, Server, 30100, true, [] },
        { Database, "10.0.2.6", 5432, true, s_delegated },
        { Database, "10.0.2.6", 6432, true, s_delegated },
        { Database, Storage, 443, true, s_delegated },
        { Database, Entra, 443, true, s_delegated },
        { Server, Neighbor, 6380, true, s_redis },
        { Server, Neighbor, 10000, true, s_managedRedis },
        { Neighbor, Database, 5432, true, s_operators },
        { Server, Internet, 8443, true, s_operators },
        { Server, Internet, 9050, true, s_operators },
        { Server, "10.20.0.4", 5000, true, s_import },
        { Server, "10.20.0.4", 443, true, s_importByHttps },
        { Server, Internet, 8443, true, s_importByName },
        { Server, Neighbor, 8443, true, s_importByName },
        { Server, Internet, 8443, true, s_importFromTheInternet },

        // What must not be.
        { Internet, Database, 5432, false, [] },
        { Internet, Endpoint, 443, false, [] },
        { Internet, Server, 5000, false, [] },
        { Internet, Server, 443, false, [] },
        { Neighbor, Database, 5432, false, [] },
        { Neighbor, Endpoint, 443, false, [] },
        { Neighbor, Server, 5000, false, [] },
        { Server, Internet, 22, false, [] },
        { Server, Internet, 5432, false, [] },
        { Server, Database, 443, false, [] },
        { Server, Endpoint, 2049, false, [] },
        { Server, Neighbor, 6380, false, [] },
        { Server, Neighbor, 6380, false, s_managedRedis },
        { Server, "10.0.8.9", 10000, false, s_managedRedis },
        { Database, Internet, 443, false, [] },
        { Database, Internet, 443, false, s_delegated },
        { Database, Server, 5000, false, [] },
        { Database, Endpoint, 443, false, [] },
        { Endpoint, Internet, 443, false, [] },
        { Endpoint, Database, 5432, false, [] },
        { "10.0.8.9", Database, 5432, false, s_operators },
        { Neighbor, Database, 22, false, s_operators },
        { Server, Internet, 8444, false, s_operators },
        { Server, "10.20.0.5", 5000, false, s_import },
        { Server, "10.20.0.4", 443, false, s_import },
        { "10.20.0.4", Server, 5000, false, s_import },
        { Server, "203.0.113.10", 8443, false, s_importFromTheInternet },
        { Server, Internet, 5000, false, s_importByName },
    };

    [BicepTheory]
    [MemberData(nameof(Flows))]
    public async Task Flow_passes_or_does_not(string from, string to, int port, bool passes, string[] settings)
    {
        var network = new PublishedNetwork(await Deployment.GetAsync(settings));

        var (allowed, reason) = network.Decide(new(IPAddress.Parse(from), IPAddress.Parse(to), port));
        Assert.True(allowed == passes, $"{from} -> {to}:{port} is {(allowed ? "allowed" : "denied")} by {reason}");
    }

    [BicepTheory]
    [InlineData("sftp", Internet, 2222, true)]
    [InlineData("sftp", Internet, 22, false)]
    [InlineData("ftp", Internet, 21, true)]
    [InlineData("ftp", Internet, 50000, true)]
    [InlineData("hdfs", Internet, 8020, true)]
    [InlineData("s3", Internet, 9000, true)]
    [InlineData("s3", "203.0.113.10", 9000, false)]
    [InlineData("s3-inside", "10.20.0.4", 443, true)]
    [InlineData("s3-inside", "10.20.0.5", 443, false)]
    [InlineData("nfs", Endpoint, 2049, true)]
    [InlineData("nfs", Database, 2049, false)]
    public async Task Store_brings_its_rule(string store, string to, int port, bool passes)
    {
        var network = new PublishedNetwork(
            await (await s_stores.GetOrAdd(store, name => new(() => PublishedApp.PublishAsync(builder => AddServer(builder, name)))).Value).DeployAsync());

        var (allowed, reason) = network.Decide(new(IPAddress.Parse(Server), IPAddress.Parse(to), port));
        Assert.True(allowed == passes, $"{store}: {Server} -> {to}:{port} is {(allowed ? "allowed" : "denied")} by {reason}");
    }

    [BicepFact]
    public async Task Servers_of_one_network_bring_a_rule_each()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            AddServer(builder, "s3");
            builder.AddMlflow("other")
                .WithBackendStore(builder.AddAzurePostgresFlexibleServer("other-postgres").AddDatabase("other-db", "mlflow"))
                .WithS3ArtifactStore("other", new() { EndpointUrl = ReferenceExpression.Create($"https://203.0.113.77:9001") });
        });
        var network = new PublishedNetwork(await published.DeployAsync());

        Assert.True(network.Decide(new(IPAddress.Parse(Server), IPAddress.Parse(Internet), 9000)).Allowed);
        Assert.True(network.Decide(new(IPAddress.Parse(Server), IPAddress.Parse("203.0.113.77"), 9001)).Allowed);
        Assert.False(network.Decide(new(IPAddress.Parse(Server), IPAddress.Parse("203.0.113.77"), 9000)).Allowed);
    }

    [BicepTheory]
    [InlineData("existing-network")]
    [InlineData("delegated-subnet")]
    [InlineData("internal")]
    [InlineData("import")]
    public async Task Rules_are_a_part_of_their_group_with_a_priority_each(string variant)
    {
        var deployment = await Variants.DeployAsync(variant);

        Assert.Empty(deployment.All("Microsoft.Network/networkSecurityGroups/securityRules"));
        Assert.All(deployment.All("Microsoft.Network/networkSecurityGroups"), group =>
        {
            var rules = group.List("properties.securityRules");
            Assert.Distinct(rules.Select(rule => (string)rule["name"]!));
            Assert.Distinct(rules.Select(rule => ((string)rule["properties"]!["direction"]!, (int)rule["properties"]!["priority"]!)));
            // Azure's own rules let the network and the internet pass: none of them is reached.
            Assert.Equal(
                ["Inbound", "Outbound"],
                rules.Where(rule => Matches(rule["properties"]!, "4096", "Deny")).Select(rule => (string)rule["properties"]!["direction"]!).Order());
        });

        static bool Matches(JsonNode rule, string priority, string access) => rule["priority"]!.ToString() == priority && (string)rule["access"]! == access
            && new[] { "sourceAddressPrefix", "destinationAddressPrefix", "destinationPortRange", "protocol" }.All(property => (string)rule[property]! == "*");
    }

    /// <summary>A server in the network with another store than blobs.</summary>
    private static void AddServer(IDistributedApplicationBuilder builder, string store)
    {
        var network = builder.AddMlflowPrivateNetwork();
        var environment = builder.AddAzureContainerAppEnvironment("environment").WithDelegatedSubnet(network.ContainerApps);
        var mlflow = builder.AddMlflow("mlflow").WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow"));
        switch (store)
        {
            case "sftp":
                mlflow.WithSftpArtifactStore("files.example.com", new()
                {
                    Port = 2222,
                    UserName = "mlflow",
                    PrivateKey = builder.AddParameter("key", secret: true),
                    KnownHosts = builder.AddParameter("known-hosts"),
                });
                break;
            case "ftp":
                mlflow.WithFtpArtifactStore("files.example.com");
                break;
            case "hdfs":
                mlflow.WithHdfsArtifactStore("namenode.example.com");
                break;
            case "s3":
                mlflow.WithS3ArtifactStore("mlflow", new() { EndpointUrl = ReferenceExpression.Create($"https://{Internet}:9000") });
                break;
            case "s3-inside":
                mlflow.WithS3ArtifactStore("mlflow", new() { EndpointUrl = ReferenceExpression.Create($"https://10.20.0.4") });
                break;
            case "nfs":
                var share = builder.AddAzureNfsShare("share", environment);
                network.AddPrivateEndpoint(network.PrivateEndpoints, share);
                mlflow.WithVolumeArtifactStore(share);
                break;
        }

        mlflow.WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity("identity"));
    }
}

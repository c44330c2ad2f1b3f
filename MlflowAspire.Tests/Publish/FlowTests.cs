using System.Collections.Concurrent;
using System.Globalization;
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
    private const string Internet = "203.0.113.9";
    private const string LoadBalancer = "168.63.129.16";
    private const string Storage = "20.60.0.1";
    private const string Entra = "20.190.128.1";

    private static readonly ConcurrentDictionary<string, Lazy<Task<PublishedApp>>> s_stores = [];
    private static readonly string[] s_delegated = ["Database:Access=delegated-subnet"];
    private static readonly string[] s_redis = ["Jobs=true", "Replicas=3", "JobQueue=redis"];
    private static readonly string[] s_managedRedis = [.. s_redis, "Network:JobQueue=10.0.9.0/24:10000"];
    private static readonly string[] s_operators =
    [
        "Network:Rules:jump-host=10.0.9.0/24 -> database:5432",
        "Network:Rules:models=container-apps -> 203.0.113.0/24:8443,9000-9100",
    ];

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
    };

    [BicepTheory]
    [MemberData(nameof(Flows))]
    public async Task Flow_passes_or_does_not(string from, string to, int port, bool passes, string[] settings)
    {
        var network = new Network(await (await PublishedApp.GetAsync(settings)).DeployAsync());

        var (allowed, reason) = network.Decide(IPAddress.Parse(from), IPAddress.Parse(to), port);
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
    [InlineData("nfs", Endpoint, 2049, true)]
    [InlineData("nfs", Database, 2049, false)]
    public async Task Store_brings_its_rule(string store, string to, int port, bool passes)
    {
        var network = new Network(
            await (await s_stores.GetOrAdd(store, name => new(() => PublishedApp.PublishAsync(builder => AddServer(builder, name)))).Value).DeployAsync());

        var (allowed, reason) = network.Decide(IPAddress.Parse(Server), IPAddress.Parse(to), port);
        Assert.True(allowed == passes, $"{store}: {Server} -> {to}:{port} is {(allowed ? "allowed" : "denied")} by {reason}");
    }

    [BicepTheory]
    [InlineData("existing-network")]
    [InlineData("delegated-subnet")]
    [InlineData("internal")]
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
            case "nfs":
                var share = builder.AddAzureNfsShare("share", environment);
                network.AddPrivateEndpoint(network.PrivateEndpoints, share);
                mlflow.WithVolumeArtifactStore(share);
                break;
        }

        mlflow.WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity("identity"));
    }

    /// <summary>The subnets of a deployment with the rules of their groups.</summary>
    private sealed class Network(Deployment deployment)
    {
        private static readonly IPNetwork s_space = IPNetwork.Parse("10.0.0.0/16");

        // An address that stands for all of a tag.
        private static readonly Dictionary<string,
        string> s_tags = new() { ["Storage"] = Storage, ["AzureActiveDirectory"] = Entra, ["AzureLoadBalancer"] = LoadBalancer };

        public (bool Allowed, string Reason) Decide(IPAddress from, IPAddress to, int port)
        {
            var (allowed, reason) = Decide("Outbound", GroupOf(from), from, to, port);
            return allowed ? Decide("Inbound", GroupOf(to), from, to, port) : (allowed, reason);
        }

        private static (bool Allowed, string Reason) Decide(string direction, DeployedResource? group, IPAddress from, IPAddress to, int port)
        {
            // Azure's own DNS is reached whatever the rules say, unless they name it.
            if (group is null)
            {
                return (true, "no group");
            }

            var rule = group.List("properties.securityRules").Select(rule => (Name: (string)rule["name"]!, Properties: rule["properties"]!))
                .Where(rule => (string)rule.Properties["direction"]! == direction)
                .OrderBy(rule => (int)rule.Properties["priority"]!)
                .First(rule =>
                    Is(rule.Properties, "sourceAddressPrefix", from) && Is(rule.Properties, "destinationAddressPrefix", to) && Covers(rule.Properties, port));
            return ((string)rule.Properties["access"]! == "Allow", $"{group.Name}/{rule.Name}");
        }

        private DeployedResource? GroupOf(IPAddress address)
        {
            var subnet = deployment.All("Microsoft.Network/virtualNetworks/subnets")
                .SingleOrDefault(subnet => IPNetwork.Parse(subnet["properties.addressPrefix"]!).Contains(address));
            return subnet is null ? null : Assert.Single(deployment.Resources, resource => resource.Id == subnet["properties.networkSecurityGroup.id"]);
        }

        private static bool Is(JsonNode rule, string property, IPAddress address) => (string)rule[property]! switch
        {
            "*" => true,
            // The platform's address is a part of it.
            "VirtualNetwork" => s_space.Contains(address) || address.ToString() == LoadBalancer,
            "Internet" => !s_space.Contains(address) && address.ToString() != LoadBalancer,
            var tag when s_tags.TryGetValue(tag, out var known) => address.ToString() == known,
            var range => IPNetwork.Parse(range).Contains(address),
        };

        private static bool Covers(JsonNode rule, int port) =>
            (rule["destinationPortRanges"]?.AsArray().Select(range => (string)range!) ?? [(string)rule["destinationPortRange"]!]).Any(range =>
                range == "*" || (
                    range.Split('-') is var ends && int.Parse(ends[0], CultureInfo.InvariantCulture) <= port && port <= int.Parse(
                        ends[^1], CultureInfo.InvariantCulture)));
    }
}

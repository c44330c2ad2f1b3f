using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.Network;
using static Azure.Provisioning.Network.SecurityRuleDirection;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The rules of the subnets' network security groups. Azure's own rules let everything within a network pass, and all of the internet be called: each group
/// ends with rules that deny what it has not allowed. The rules are a part of their group: written by themselves they would be gone for a moment in each
/// deployment.
/// </summary>
internal sealed class NetworkRules(IDistributedApplicationBuilder builder, NetworkSettings settings)
{
    private const string Https = "443";
    private const string PostgreSql = "5432";
    private const string PgBouncer = "6432";
    private const int FirstPriority = 100;
    private const int LastPriority = 4096;

    private readonly string _containerApps = settings.ContainerAppsSubnet.ToString();
    private readonly string _database = settings.DatabaseSubnet.ToString();
    private readonly string _privateEndpoints = settings.PrivateEndpointsSubnet.ToString();

    private readonly List<OperatorRule> _added = [.. settings.Rules, .. RulesOfOperators(settings)];

    /// <summary>Whether PostgreSQL runs in its subnet, rather than behind a private endpoint there.</summary>
    public bool HasServerInDatabaseSubnet { get; set; }

    /// <summary>Adds a rule of an operator.</summary>
    /// <exception cref="InvalidOperationException">The subnets exist, and so do their rules.</exception>
    public void Add(OperatorRule rule)
    {
        rule.Check();
        if (settings.Mode is NetworkMode.ExistingSubnets)
        {
            throw new InvalidOperationException($"The rule '{rule.Name}' cannot be added: the subnets exist, and whoever owns them has their rules.");
        }

        _added.Add(rule);
    }

    /// <summary>The group of the Container Apps environment, as Azure asks for it. A public environment's callers do not pass by here.</summary>
    public IResourceBuilder<AzureNetworkSecurityGroupResource> AddContainerAppsGroup() => AddGroup("aca-infra-subnet-nsg", _containerApps, () =>
    [
        new("requests", Inbound, AzureServiceTags.VirtualNetwork, _containerApps, "Callers inside the network; HTTP is sent on to HTTPS.", "80", Https),
        new("requests-to-proxy", Inbound, AzureServiceTags.VirtualNetwork, _containerApps,
            "The ports of the environment's proxy behind its load balancer.", "31080", "31443"),
        new("health-probes", Inbound, AzureServiceTags.AzureLoadBalancer, _containerApps, "The environment's load balancer.", "30000-32767"),
        new("nodes-in", Inbound, _containerApps, _containerApps, "The environment's nodes among themselves.", "*") { Protocol = SecurityRuleProtocol.Asterisk },
        new("nodes-out", Outbound, _containerApps, _containerApps, "The environment's nodes among themselves.", "*")
            { Protocol = SecurityRuleProtocol.Asterisk },
        new("database", Outbound, _containerApps, _database, "PostgreSQL.", PostgreSql),
        new("private-endpoints", Outbound, _containerApps, _privateEndpoints, "Storage and secrets.", Https),
        new("dns", Outbound, _containerApps, AzureServiceTags.VirtualNetwork, "Azure's DNS or the network's own.", "53")
            { Protocol = SecurityRuleProtocol.Asterisk },
        // Sign-in, images and monitoring; and whom MLflow's AI gateway and webhooks are set to call.
        new("https", Outbound, _containerApps, AzureServiceTags.Internet, "Azure's public services, AI providers and webhooks.", Https),
        .. Traffic().Select(traffic => new NetworkRule(
            traffic.Name, Outbound, _containerApps, traffic.ThroughPrivateEndpoint ? _privateEndpoints : traffic.Destination,
            $"What MLflow calls: {traffic.Name}.", [.. traffic.Ports])),
    ]);

    /// <summary>The group of PostgreSQL, which only the Container Apps environment calls; it calls nobody, unless it runs in the subnet itself.</summary>
    public IResourceBuilder<AzureNetworkSecurityGroupResource> AddDatabaseGroup() => AddGroup("db-subnet-nsg", _database, () =>
    {
        var callers = new NetworkRule("database", Inbound, _containerApps, _database, "MLflow.", PostgreSql);
        NetworkRule[] server =
        [
            new("standby-in", Inbound, _database, _database, "The server and its standby.", PostgreSql, PgBouncer),
            new("standby-out", Outbound, _database, _database, "The server and its standby.", PostgreSql, PgBouncer),
            new("storage", Outbound, _database, AzureServiceTags.Storage, "The server's logs and backups.", Https),
            new("sign-in", Outbound, _database, AzureServiceTags.AzureActiveDirectory, "Microsoft Entra ID, which tells whose a token is.", Https),
        ];
        return HasServerInDatabaseSubnet ? [callers, .. server] : [callers];
    });

    /// <summary>The group of the private endpoints, which only the Container Apps environment calls.</summary>
    public IResourceBuilder<AzureNetworkSecurityGroupResource> AddPrivateEndpointsGroup() => AddGroup("private-endpoints-nsg", _privateEndpoints, () =>
    [
        new("private-endpoints", Inbound, _containerApps, _privateEndpoints, "MLflow.", Https),
        .. Traffic().Where(traffic => traffic.ThroughPrivateEndpoint)
            .Select(traffic => new NetworkRule(traffic.Name, Inbound, _containerApps, _privateEndpoints, $"MLflow: {traffic.Name}.", [.. traffic.Ports])),
    ]);

    /// <summary>Operators reach PostgreSQL, and blobs and secrets behind the private endpoints.</summary>
    private static IEnumerable<OperatorRule> RulesOfOperators(NetworkSettings settings) =>
        settings.OperatorRanges.SelectMany((range, index) => new OperatorRule[]
        {
            new($"range-{index + 1}-database", range.ToString(), settings.DatabaseSubnet.ToString(), [PostgreSql]),
            new($"range-{index + 1}-endpoints", range.ToString(), settings.PrivateEndpointsSubnet.ToString(), [Https]),
        });

    /// <summary>What the servers of the model call beside HTTPS and their database; where two are of one name, the second gets a number.</summary>
    private IEnumerable<OutboundTrafficAnnotation> Traffic() => builder.Resources.OfType<MlflowServerResource>()
        .SelectMany(TrafficOf)
        .DistinctBy(traffic => (traffic.Name, traffic.Destination, traffic.ThroughPrivateEndpoint, string.Join(',', traffic.Ports)))
        .GroupBy(traffic => traffic.Name)
        .SelectMany(same => same.Select((traffic, index) => index == 0 ? traffic : new($"{traffic.Name}-{index + 1}", [.. traffic.Ports])
        {
            Destination = traffic.Destination,
            ThroughPrivateEndpoint = traffic.ThroughPrivateEndpoint,
        }));

    private static IEnumerable<OutboundTrafficAnnotation> TrafficOf(MlflowServerResource server)
    {
        var import = server.Annotations.OfType<ImportSourceAnnotation>().LastOrDefault();
        var traffic = server.Annotations.OfType<OutboundTrafficAnnotation>();
        return import is not null && OutboundTrafficAnnotation.Of("import-source", import.Address) is { } source ? traffic.Append(source) : traffic;
    }

    private IResourceBuilder<AzureNetworkSecurityGroupResource> AddGroup(string name, string subnet, Func<NetworkRule[]> rules) => builder
        .AddNetworkSecurityGroup(name)
        // Late: what the server calls is known when all of it is.
        .ConfigureInfrastructure(infrastructure =>
        {
            var group = infrastructure.GetProvisionableResources().OfType<NetworkSecurityGroup>().Single();
            var priority = FirstPriority;
            foreach (var rule in rules().Concat(_added.SelectMany(rule => rule.For(subnet))))
            {
                group.SecurityRules.Add(rule.ToSecurityRule(SecurityRuleAccess.Allow, priority));
                priority += 10;
            }

            foreach (var direction in new[] { Inbound, Outbound })
            {
                var rest = new NetworkRule($"deny-{direction.ToString().ToLowerInvariant()}", direction, "*", "*", "All else.", "*")
                    { Protocol = SecurityRuleProtocol.Asterisk };
                group.SecurityRules.Add(rest.ToSecurityRule(SecurityRuleAccess.Deny, LastPriority));
            }
        });
}

using Aspire.Hosting.Azure;
using Azure.Provisioning.Network;
using static Azure.Provisioning.Network.SecurityRuleDirection;

namespace MlflowAspire.AppHost.Azure;

/// <summary>
/// The network security groups, one for each subnet (guide row G15). Azure's own rules let everything within a network pass, and all of the internet be
/// called: each group ends with rules that deny what it has not allowed.
/// </summary>
internal static class NetworkRules
{
    private const string Https = "443";
    private const string PostgreSql = "5432";
    private const int LastPriority = 4096;

    /// <summary>The rules of the Container Apps environment, as Azure asks for them. A public environment's callers do not pass by here.</summary>
    public static IResourceBuilder<AzureNetworkSecurityGroupResource> AddContainerAppsRules(
        this IDistributedApplicationBuilder builder, string containerApps, string database, string privateEndpoints) => builder.AddRules(
        "aca-infra-subnet-nsg",
        new("requests", Inbound, AzureServiceTags.VirtualNetwork, containerApps, Https, "Callers inside the network."),
        new("requests-to-proxy", Inbound, AzureServiceTags.VirtualNetwork, containerApps, "31443", "The port of the environment's proxy behind its load balancer."),
        new("health-probes", Inbound, AzureServiceTags.AzureLoadBalancer, containerApps, "30000-32767", "The environment's load balancer."),
        new("nodes-in", Inbound, containerApps, containerApps, "*", "The environment's nodes among themselves.", SecurityRuleProtocol.Asterisk),
        new("nodes-out", Outbound, containerApps, containerApps, "*", "The environment's nodes among themselves.", SecurityRuleProtocol.Asterisk),
        new("database", Outbound, containerApps, database, PostgreSql, "PostgreSQL."),
        new("private-endpoints", Outbound, containerApps, privateEndpoints, Https, "Storage and secrets."),
        new("dns", Outbound, containerApps, AzureServiceTags.VirtualNetwork, "53", "Azure's DNS or the network's own.", SecurityRuleProtocol.Asterisk),
        // Sign-in, images and monitoring; and whom MLflow's AI gateway and webhooks are set to call.
        new("https", Outbound, containerApps, AzureServiceTags.Internet, Https, "Azure's public services, AI providers and webhooks."));

    /// <summary>PostgreSQL is called by the Container Apps environment alone; it calls nobody, unless it runs in the subnet itself.</summary>
    public static IResourceBuilder<AzureNetworkSecurityGroupResource> AddDatabaseRules(
        this IDistributedApplicationBuilder builder, string containerApps, string database, DatabaseAccess access)
    {
        var callers = new Rule("database", Inbound, containerApps, database, PostgreSql, "MLflow.");
        Rule[] server =
        [
            new("standby-in", Inbound, database, database, PostgreSql, "The server and its standby."),
            new("standby-out", Outbound, database, database, PostgreSql, "The server and its standby."),
            new("storage", Outbound, database, AzureServiceTags.Storage, Https, "The server's logs and backups."),
            new("sign-in", Outbound, database, AzureServiceTags.AzureActiveDirectory, Https, "Microsoft Entra ID, which tells whose a token is."),
        ];
        return builder.AddRules("db-subnet-nsg", access is DatabaseAccess.DelegatedSubnet ? [callers, .. server] : [callers]);
    }

    /// <summary>Private endpoints are called by the Container Apps environment alone.</summary>
    public static IResourceBuilder<AzureNetworkSecurityGroupResource> AddPrivateEndpointRules(
        this IDistributedApplicationBuilder builder, string containerApps, string privateEndpoints) => builder.AddRules(
        "private-endpoints-nsg",
        new Rule("private-endpoints", Inbound, containerApps, privateEndpoints, Https, "MLflow."));

    private static IResourceBuilder<AzureNetworkSecurityGroupResource> AddRules(this IDistributedApplicationBuilder builder, string name, params Rule[] rules)
    {
        var group = builder.AddNetworkSecurityGroup(name);
        for (var i = 0; i < rules.Length; i++)
        {
            group.WithSecurityRule(rules[i].Build(SecurityRuleAccess.Allow, 100 + 10 * i));
        }

        foreach (var direction in new[] { Inbound, Outbound })
        {
            var rest = new Rule($"deny-{direction.ToString().ToLowerInvariant()}", direction, "*", "*", "*", "All else.", SecurityRuleProtocol.Asterisk);
            group.WithSecurityRule(rest.Build(SecurityRuleAccess.Deny, LastPriority));
        }

        return group;
    }

    private sealed record Rule(
        string Name, SecurityRuleDirection Direction, string From, string To, string Port, string Description, SecurityRuleProtocol Protocol = SecurityRuleProtocol.Tcp)
    {
        public AzureSecurityRule Build(SecurityRuleAccess access, int priority) => new()
        {
            Name = Name,
            Description = Description,
            Priority = priority,
            Direction = Direction,
            Access = access,
            Protocol = Protocol,
            SourceAddressPrefix = From,
            DestinationAddressPrefix = To,
            DestinationPortRange = Port,
        };
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Network;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// A virtual network for MLflow with its subnets. Each subnet has a network security group that denies what it has not allowed; what an artifact store or a
/// queue of the servers needs is allowed by itself.
/// </summary>
public sealed class MlflowPrivateNetwork
{
    private const string NetworkIdOutput = "networkId";

    private AzureProvisioningResource? _lastLinked;

    internal MlflowPrivateNetwork(
        NetworkSettings settings,
        IResourceBuilder<AzureVirtualNetworkResource> virtualNetwork,
        IResourceBuilder<AzureSubnetResource> containerApps,
        IResourceBuilder<AzureSubnetResource> database,
        IResourceBuilder<AzureSubnetResource> privateEndpoints,
        NetworkRules rules)
    {
        (Settings, VirtualNetwork, ContainerApps, Database, PrivateEndpoints, Rules) =
            (settings, virtualNetwork, containerApps, database, privateEndpoints, rules);
    }

    /// <summary>The network.</summary>
    public IResourceBuilder<AzureVirtualNetworkResource> VirtualNetwork { get; }

    /// <summary><c>aca-infra-subnet</c>: the Container Apps environment.</summary>
    public IResourceBuilder<AzureSubnetResource> ContainerApps { get; }

    /// <summary><c>db-subnet</c>: PostgreSQL, and nothing else.</summary>
    public IResourceBuilder<AzureSubnetResource> Database { get; }

    /// <summary><c>private-endpoints</c>: the private endpoints of all other services, by HTTPS.</summary>
    public IResourceBuilder<AzureSubnetResource> PrivateEndpoints { get; }

    /// <summary>The address ranges.</summary>
    public NetworkSettings Settings { get; }

    internal NetworkRules Rules { get; }

    /// <summary>Lets the Container Apps environment call addresses beside those that MLflow needs, by TCP.</summary>
    /// <param name="name">The name of the rule: letters, digits and hyphens.</param>
    /// <param name="range">An IPv4 range in CIDR notation or a service tag, such as <c>203.0.113.0/24</c> or <c>AzureActiveDirectory</c>.</param>
    /// <param name="ports">Ports, or ranges of them such as <c>9000-9100</c>.</param>
    /// <returns>The network.</returns>
    /// <exception cref="ArgumentException">The name, the range or a port is wrong.</exception>
    public MlflowPrivateNetwork AllowOutbound(string name, string range, params string[] ports)
    {
        ArgumentNullException.ThrowIfNull(range);
        Rules.Add(new(name, Settings.ContainerAppsSubnet.ToString(), range, ports));
        return this;
    }

    /// <summary>Lets addresses call a subnet, by TCP.</summary>
    /// <param name="name">The name of the rule: letters, digits and hyphens.</param>
    /// <param name="range">Who calls: an IPv4 range in CIDR notation or a service tag.</param>
    /// <param name="subnet">The subnet that is called: one of this network.</param>
    /// <param name="ports">Ports, or ranges of them.</param>
    /// <returns>The network.</returns>
    /// <exception cref="ArgumentException">The name, the range or a port is wrong, or the subnet is of another network.</exception>
    public MlflowPrivateNetwork AllowInbound(string name, string range, IResourceBuilder<AzureSubnetResource> subnet, params string[] ports)
    {
        ArgumentNullException.ThrowIfNull(range);
        ArgumentNullException.ThrowIfNull(subnet);
        Rules.Add(new(name, range, RangeOf(subnet).ToString(), ports));
        return this;
    }

    /// <summary>Adds a private endpoint, which is made after those that were added before it: a network is changed by one deployment at a time.</summary>
    /// <param name="subnet">The subnet of the endpoint.</param>
    /// <param name="target">The service that it leads to.</param>
    /// <returns>The builder of the endpoint.</returns>
    public IResourceBuilder<AzurePrivateEndpointResource> AddPrivateEndpoint(
        IResourceBuilder<AzureSubnetResource> subnet, IResourceBuilder<IAzurePrivateEndpointTarget> target)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        ArgumentNullException.ThrowIfNull(target);
        var builder = subnet.ApplicationBuilder;
        var others = builder.Resources.ToHashSet();
        var endpoint = subnet.AddPrivateEndpoint(target);
        // The endpoint comes with the DNS zone of its service, unless another one has brought it along.
        var added = builder.Resources.Where(resource => resource != endpoint.Resource && !others.Contains(resource)).ToList();
        if (Settings.DnsZonesGroup is { } group && builder.ExecutionContext.IsPublishMode)
        {
            added.ForEach(resource => builder.Resources.Remove(resource));
            endpoint.ConfigureInfrastructure(infrastructure => ExistingDnsZones.Register(infrastructure, target.Resource, group));
            LinkInTurn(endpoint);
            return endpoint;
        }

        var zone = added.OfType<AzureProvisioningResource>().SingleOrDefault();
        if (zone is not null)
        {
            builder.CreateResourceBuilder(zone).ConfigureInfrastructure(NameInCloud);
        }

        LinkInTurn(zone is null ? endpoint : builder.CreateResourceBuilder(zone), endpoint);
        return endpoint;
    }

    /// <summary>A network is changed by one deployment at a time: the links of a module to it wait for the modules that have been linked before.</summary>
    /// <param name="zone">The module of a DNS zone with its link to the network.</param>
    /// <param name="last">The module that the next one waits for, when it is another one.</param>
    internal void LinkInTurn(IResourceBuilder<AzureProvisioningResource> zone, IResourceBuilder<AzureProvisioningResource>? last = null)
    {
        last ??= zone;
        if (_lastLinked is { } previous)
        {
            zone.ConfigureInfrastructure(infrastructure =>
            {
                var networkId = new BicepOutputReference(NetworkIdOutput, previous).AsProvisioningParameter(infrastructure);
                var resources = infrastructure.GetProvisionableResources().ToList();
                resources.OfType<VirtualNetworkLink>().ToList().ForEach(link => link.VirtualNetworkId = networkId);
                // An endpoint without a zone of its own.
                resources.OfType<PrivateEndpoint>().ToList().ForEach(endpoint => endpoint.Subnet.Id = SameSubnetOf(networkId, endpoint.Subnet.Id));
            });
        }

        last.ConfigureInfrastructure(infrastructure =>
            infrastructure.Add(
                new ProvisioningOutput(NetworkIdOutput, typeof(string)) { Value = VirtualNetwork.Resource.Id.AsProvisioningParameter(infrastructure) }));
        _lastLinked = last.Resource;
    }

    private static BicepValue<ResourceIdentifier> SameSubnetOf(ProvisioningParameter networkId, BicepValue<ResourceIdentifier> subnetId)
    {
        var parts = new FunctionCallExpression(new IdentifierExpression("split"), subnetId.Compile(), new StringLiteralExpression("/"));
        BicepValue<string> name = new FunctionCallExpression(new IdentifierExpression("last"), parts);
        return BicepFunction.Interpolate($"{networkId}/subnets/{name}").Compile();
    }

    private static void NameInCloud(AzureResourceInfrastructure infrastructure)
    {
        var resources = infrastructure.GetProvisionableResources().ToList();
        var zone = resources.OfType<PrivateDnsZone>().Single();
        zone.Name = CloudNames.Zone(zone.Name.Value!);
        resources.OfType<ProvisioningOutput>().Single(output => output.BicepIdentifier == "name").Value = zone.Name;
    }

    private System.Net.IPNetwork RangeOf(IResourceBuilder<AzureSubnetResource> subnet) =>
        subnet.Resource == ContainerApps.Resource ? Settings.ContainerAppsSubnet
        : subnet.Resource == Database.Resource ? Settings.DatabaseSubnet
        : subnet.Resource == PrivateEndpoints.Resource ? Settings.PrivateEndpointsSubnet
        : throw new ArgumentException($"'{subnet.Resource.Name}' is no subnet of this network.", nameof(subnet));
}

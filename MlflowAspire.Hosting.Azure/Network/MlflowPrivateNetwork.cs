using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
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
        (Settings, VirtualNetwork, ContainerApps, Database, PrivateEndpoints, Rules) = (settings, virtualNetwork, containerApps, database, privateEndpoints, rules);
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
    public IResourceBuilder<AzurePrivateEndpointResource> AddPrivateEndpoint(IResourceBuilder<AzureSubnetResource> subnet, IResourceBuilder<IAzurePrivateEndpointTarget> target)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        ArgumentNullException.ThrowIfNull(target);
        var builder = subnet.ApplicationBuilder;
        var others = builder.Resources.ToHashSet();
        var endpoint = subnet.AddPrivateEndpoint(target);
        // The endpoint comes with the DNS zone of its service, unless another one has brought it along.
        var zone = builder.Resources.OfType<AzureProvisioningResource>().SingleOrDefault(resource => resource != endpoint.Resource && !others.Contains(resource));
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
                foreach (var link in infrastructure.GetProvisionableResources().OfType<VirtualNetworkLink>())
                {
                    link.VirtualNetworkId = networkId;
                }
            });
        }

        last.ConfigureInfrastructure(infrastructure =>
            infrastructure.Add(new ProvisioningOutput(NetworkIdOutput, typeof(string)) { Value = VirtualNetwork.Resource.Id.AsProvisioningParameter(infrastructure) }));
        _lastLinked = last.Resource;
    }

    private System.Net.IPNetwork RangeOf(IResourceBuilder<AzureSubnetResource> subnet) =>
        subnet.Resource == ContainerApps.Resource ? Settings.ContainerAppsSubnet
        : subnet.Resource == Database.Resource ? Settings.DatabaseSubnet
        : subnet.Resource == PrivateEndpoints.Resource ? Settings.PrivateEndpointsSubnet
        : throw new ArgumentException($"'{subnet.Resource.Name}' is no subnet of this network.", nameof(subnet));
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The virtual network of a deployment with its subnets.</summary>
/// <param name="virtualNetwork">The network.</param>
/// <param name="containerApps"><c>aca-infra-subnet</c>: the Container Apps environment.</param>
/// <param name="database"><c>db-subnet</c>: PostgreSQL, and nothing else.</param>
/// <param name="privateEndpoints"><c>private-endpoints</c>: the other services, by HTTPS.</param>
internal sealed class MlflowNetwork(
    IResourceBuilder<AzureVirtualNetworkResource> virtualNetwork,
    IResourceBuilder<AzureSubnetResource> containerApps,
    IResourceBuilder<AzureSubnetResource> database,
    IResourceBuilder<AzureSubnetResource> privateEndpoints)
{
    private const string NetworkIdOutput = "networkId";

    private AzureProvisioningResource? _lastLinked;

    /// <summary>The network.</summary>
    public IResourceBuilder<AzureVirtualNetworkResource> VirtualNetwork => virtualNetwork;

    /// <summary>The subnet of the Container Apps environment.</summary>
    public IResourceBuilder<AzureSubnetResource> ContainerApps => containerApps;

    /// <summary>The subnet of PostgreSQL.</summary>
    public IResourceBuilder<AzureSubnetResource> Database => database;

    /// <summary>The subnet of the private endpoints of all other services.</summary>
    public IResourceBuilder<AzureSubnetResource> PrivateEndpoints => privateEndpoints;

    /// <summary>Adds a private endpoint, which is made after those that were added before it.</summary>
    /// <param name="subnet">The subnet of the endpoint.</param>
    /// <param name="target">The service that it leads to.</param>
    public IResourceBuilder<AzurePrivateEndpointResource> AddPrivateEndpoint(IResourceBuilder<AzureSubnetResource> subnet, IResourceBuilder<IAzurePrivateEndpointTarget> target)
    {
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
    public void LinkInTurn(IResourceBuilder<AzureProvisioningResource> zone, IResourceBuilder<AzureProvisioningResource>? last = null)
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
            infrastructure.Add(new ProvisioningOutput(NetworkIdOutput, typeof(string)) { Value = virtualNetwork.Resource.Id.AsProvisioningParameter(infrastructure) }));
        _lastLinked = last.Resource;
    }
}

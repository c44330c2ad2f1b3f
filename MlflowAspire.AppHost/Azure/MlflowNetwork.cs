using Aspire.Hosting.Azure;

namespace MlflowAspire.AppHost.Azure;

/// <summary>The virtual network of a deployment with its subnets (guide row G3).</summary>
/// <param name="VirtualNetwork">The network.</param>
/// <param name="ContainerApps"><c>aca-infra-subnet</c>: the Container Apps environment.</param>
/// <param name="Database"><c>db-subnet</c>: PostgreSQL, and nothing else.</param>
/// <param name="PrivateEndpoints"><c>private-endpoints</c>: the other services, by HTTPS.</param>
internal sealed record MlflowNetwork(
    IResourceBuilder<AzureVirtualNetworkResource> VirtualNetwork,
    IResourceBuilder<AzureSubnetResource> ContainerApps,
    IResourceBuilder<AzureSubnetResource> Database,
    IResourceBuilder<AzureSubnetResource> PrivateEndpoints);

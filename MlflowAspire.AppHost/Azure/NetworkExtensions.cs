using Aspire.Hosting.Azure;
using Azure.Provisioning.Network;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Adds the virtual network that everything in Azure is part of (guide rows G3 and G15).</summary>
internal static class NetworkExtensions
{
    /// <summary>Adds the network, or its subnets to an existing one, and the rules that say who may talk to whom.</summary>
    public static MlflowNetwork AddMlflowNetwork(this IDistributedApplicationBuilder builder, MlflowSettings settings)
    {
        var ranges = settings.Network;
        var network = ranges.Mode is NetworkMode.Existing
            ? builder.AddExistingNetwork()
            : builder.AddAzureVirtualNetwork("network", ranges.AddressSpace.ToString());
        var (containerApps, database, privateEndpoints) = (ranges.ContainerAppsSubnet.ToString(), ranges.DatabaseSubnet.ToString(), ranges.PrivateEndpointsSubnet.ToString());

        return new(
            network.ConfigureInfrastructure(ApplyRulesToPrivateEndpoints),
            network.AddSubnet("aca-infra-subnet", containerApps).WithNetworkSecurityGroup(builder.AddContainerAppsRules(containerApps, database, privateEndpoints)),
            network.AddSubnet("db-subnet", database).WithNetworkSecurityGroup(builder.AddDatabaseRules(containerApps, database, settings.Database.Access)),
            network.AddSubnet("private-endpoints", privateEndpoints).WithNetworkSecurityGroup(builder.AddPrivateEndpointRules(containerApps, privateEndpoints)));
    }

    // azd takes the generated parameters that sort after the one of a resource group for resource groups as well: these names sort last.
    private static IResourceBuilder<AzureVirtualNetworkResource> AddExistingNetwork(this IDistributedApplicationBuilder builder) => builder
        .AddAzureVirtualNetwork("network")
        .PublishAsExisting(
            builder.AddParameter("virtual-network-name").WithDescription("The name of the existing virtual network."),
            builder.AddParameter("virtual-network-resource-group").WithDescription("The resource group of the existing virtual network."));

    /// <summary>Unless a subnet says so, its network security group binds everything in it but private endpoints.</summary>
    private static void ApplyRulesToPrivateEndpoints(AzureResourceInfrastructure infrastructure)
    {
        foreach (var subnet in infrastructure.GetProvisionableResources().OfType<SubnetResource>())
        {
            subnet.PrivateEndpointNetworkPolicy = VirtualNetworkPrivateEndpointNetworkPolicy.NetworkSecurityGroupEnabled;
        }
    }
}

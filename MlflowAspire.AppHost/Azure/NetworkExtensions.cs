using System.Net;
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
            : builder.AddAzureVirtualNetwork("network", builder.AddRange("network-address-space", ranges.AddressSpace, "The addresses of the virtual network."));

        var containerApps = builder.AddRange("aca-infra-subnet-range", ranges.ContainerAppsSubnet, "The addresses of the subnet of the Container Apps environment, /27 or larger.");
        var database = builder.AddRange("db-subnet-range", ranges.DatabaseSubnet, "The addresses of the subnet of PostgreSQL, /28 or larger.");
        var privateEndpoints = builder.AddRange("private-endpoints-range", ranges.PrivateEndpointsSubnet, "The addresses of the subnet of private endpoints, /28 or larger.");
        var (callers, toDatabase, toEndpoints) = (NetworkRange.Of(containerApps), NetworkRange.Of(database), NetworkRange.Of(privateEndpoints));

        return new(
            network.ConfigureInfrastructure(ApplyRulesToPrivateEndpoints),
            network.AddSubnet("aca-infra-subnet", containerApps).WithNetworkSecurityGroup(builder.AddContainerAppsRules(callers, toDatabase, toEndpoints)),
            network.AddSubnet("db-subnet", database).WithNetworkSecurityGroup(builder.AddDatabaseRules(callers, toDatabase, settings.Database.Access)),
            network.AddSubnet("private-endpoints", privateEndpoints).WithNetworkSecurityGroup(builder.AddPrivateEndpointRules(callers, toEndpoints)));
    }

    private static IResourceBuilder<AzureVirtualNetworkResource> AddExistingNetwork(this IDistributedApplicationBuilder builder) => builder
        .AddAzureVirtualNetwork("network")
        .PublishAsExisting(
            builder.AddParameter("network-name").WithDescription("The name of the existing virtual network."),
            builder.AddParameter("network-resource-group").WithDescription("The resource group of the existing virtual network."));

    private static IResourceBuilder<ParameterResource> AddRange(this IDistributedApplicationBuilder builder, string name, IPNetwork range, string description) => builder
        .AddParameter(name, range.ToString(), publishValueAsDefault: true)
        .WithDescription(description);

    /// <summary>Unless a subnet says so, its network security group binds everything in it but private endpoints.</summary>
    private static void ApplyRulesToPrivateEndpoints(AzureResourceInfrastructure infrastructure)
    {
        foreach (var subnet in infrastructure.GetProvisionableResources().OfType<SubnetResource>())
        {
            subnet.PrivateEndpointNetworkPolicy = VirtualNetworkPrivateEndpointNetworkPolicy.NetworkSecurityGroupEnabled;
        }
    }
}

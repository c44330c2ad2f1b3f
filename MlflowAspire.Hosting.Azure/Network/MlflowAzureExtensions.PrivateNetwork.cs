using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Network;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Adds the virtual network that everything in Azure is part of, or its subnets to an existing one, and the rules that say who may talk to whom. It plays
    /// no part in a local run.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <param name="settings">
    /// The address ranges, and whether the network exists: then the parameters <c>virtual-network-name</c> and <c>virtual-network-resource-group</c> name it.
    /// </param>
    /// <returns>The network, whose rules can be opened.</returns>
    public static MlflowPrivateNetwork AddMlflowPrivateNetwork(this IDistributedApplicationBuilder builder, NetworkSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var ranges = settings ?? new();
        var rules = new NetworkRules(builder, ranges);
        var network = ranges.Mode is not NetworkMode.New && builder.ExecutionContext.IsPublishMode
            ? builder.AddExistingNetwork()
            : builder.AddAzureVirtualNetwork("network", ranges.AddressSpace.ToString());
        if (ranges.Mode is NetworkMode.ExistingSubnets)
        {
            return new(
                ranges,
                network.ConfigureInfrastructure(ReferToSubnets),
                network.AddSubnet("aca-infra-subnet", ranges.ContainerAppsSubnet.ToString(), ranges.ContainerAppsSubnetName),
                network.AddSubnet("db-subnet", ranges.DatabaseSubnet.ToString(), ranges.DatabaseSubnetName),
                network.AddSubnet("private-endpoints", ranges.PrivateEndpointsSubnet.ToString(), ranges.PrivateEndpointsSubnetName),
                rules);
        }

        var group = rules.AddContainerAppsGroup();
        if (ranges.Mode is NetworkMode.Existing)
        {
            network.ConfigureInfrastructure(infrastructure => NameAfterDeployment(infrastructure, group.Resource));
        }

        return new(
            ranges,
            network.ConfigureInfrastructure(ApplyRulesToPrivateEndpoints),
            network.AddSubnet("aca-infra-subnet", ranges.ContainerAppsSubnet.ToString()).WithNetworkSecurityGroup(group),
            network.AddSubnet("db-subnet", ranges.DatabaseSubnet.ToString()).WithNetworkSecurityGroup(rules.AddDatabaseGroup()),
            network.AddSubnet("private-endpoints", ranges.PrivateEndpointsSubnet.ToString()).WithNetworkSecurityGroup(rules.AddPrivateEndpointsGroup()),
            rules);
    }

    // azd takes the generated parameters that sort after the one of a resource group for resource groups as well: these names sort last.
    private static IResourceBuilder<AzureVirtualNetworkResource> AddExistingNetwork(this IDistributedApplicationBuilder builder) => builder
        .AddAzureVirtualNetwork("network")
        .PublishAsExisting(
            builder.AddParameter("virtual-network-name").WithDescription("The name of the existing virtual network."),
            builder.AddParameter("virtual-network-resource-group").WithDescription("The resource group of the existing virtual network."));

    /// <summary>
    /// A second deployment into the network must not take the subnets of the first: their names end with a code of the deployment's resource group, which the
    /// group of rules is in.
    /// </summary>
    private static void NameAfterDeployment(AzureResourceInfrastructure infrastructure, AzureNetworkSecurityGroupResource group)
    {
        var code = BicepFunction.GetUniqueString(group.Id.AsProvisioningParameter(infrastructure));
        foreach (var subnet in infrastructure.GetProvisionableResources().OfType<SubnetResource>())
        {
            subnet.Name = BicepFunction.Interpolate($"{subnet.Name.Value}-{code}");
        }
    }

    private static void ReferToSubnets(AzureResourceInfrastructure infrastructure)
    {
        foreach (var subnet in infrastructure.GetProvisionableResources().OfType<SubnetResource>().ToList())
        {
            var existing = SubnetResource.FromExisting(subnet.BicepIdentifier);
            existing.Name = subnet.Name.Value!;
            existing.Parent = subnet.Parent;
            infrastructure.Remove(subnet);
            infrastructure.Add(existing);
        }
    }

    /// <summary>Unless a subnet says so, its network security group binds everything in it but private endpoints.</summary>
    private static void ApplyRulesToPrivateEndpoints(AzureResourceInfrastructure infrastructure)
    {
        foreach (var subnet in infrastructure.GetProvisionableResources().OfType<SubnetResource>())
        {
            subnet.PrivateEndpointNetworkPolicy = VirtualNetworkPrivateEndpointNetworkPolicy.NetworkSecurityGroupEnabled;
        }
    }
}

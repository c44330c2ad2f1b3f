using System.Net;

namespace MlflowAspire.Tests.Publish;

/// <summary>The virtual network of a deployment: its subnets with the groups of rules, and who may talk to whom.</summary>
internal sealed class PublishedNetwork
{
    public PublishedNetwork(Deployment deployment)
    {
        Id = deployment.Only("Microsoft.Network/virtualNetworks").Id;
        Space = [.. deployment.Only("Microsoft.Network/virtualNetworks").Values
            .Where(value => value.Key.StartsWith("properties.addressSpace.addressPrefixes", StringComparison.Ordinal))
            .Select(value => IPNetwork.Parse(value.Value))];
        Tags = new(Space);
        Subnets = [.. deployment.All("Microsoft.Network/virtualNetworks/subnets").Select(subnet => new PublishedSubnet(
            subnet.Id,
            subnet.Name,
            IPNetwork.Parse(subnet["properties.addressPrefix"]!),
            subnet["properties.networkSecurityGroup.id"] is { } group
                ? SecurityGroup.Of(Assert.Single(deployment.Resources, resource => resource.Id == group))
                : null,
            subnet["properties.privateEndpointNetworkPolicies"] is "Enabled" or "NetworkSecurityGroupEnabled"))];
    }

    /// <summary>The resource id.</summary>
    public string Id { get; }

    /// <summary>The address space.</summary>
    public IReadOnlyList<IPNetwork> Space { get; }

    /// <summary>What the service tags stand for.</summary>
    public ServiceTags Tags { get; }

    /// <summary>The subnets.</summary>
    public IReadOnlyList<PublishedSubnet> Subnets { get; }

    /// <summary>Whether a connection comes about, and which rule has decided: that of the caller's subnet first, then that of the called one.</summary>
    public (bool Allowed, string Reason) Decide(Flow flow)
    {
        var reason = "no group";
        foreach (var (subnet, inbound) in new[] { (SubnetOf(flow.From), false), (SubnetOf(flow.To), true) })
        {
            if (subnet?.Group is { } group)
            {
                var rule = group.Decide(inbound, flow, Tags);
                reason = $"{group.Name}/{rule.Name}";
                if (!rule.Allows)
                {
                    return (false, reason);
                }
            }
        }

        return (true, reason);
    }

    private PublishedSubnet? SubnetOf(IPAddress address) => Subnets.SingleOrDefault(subnet => subnet.Range.Contains(address));
}

/// <summary>A subnet of a deployment.</summary>
/// <param name="Id">The resource id.</param>
/// <param name="Name">The name.</param>
/// <param name="Range">The addresses.</param>
/// <param name="Group">The group of rules; null when there is none, and all passes.</param>
/// <param name="BindsPrivateEndpoints">Whether the rules are about private endpoints in the subnet, too.</param>
internal sealed record PublishedSubnet(string Id, string Name, IPNetwork Range, SecurityGroup? Group, bool BindsPrivateEndpoints);

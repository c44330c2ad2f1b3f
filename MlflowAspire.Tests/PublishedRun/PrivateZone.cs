using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>A private DNS zone of a deployment. Its name is an expression where only Azure knows a part of it.</summary>
internal sealed class PrivateZone
{
    private const string Zones = "Microsoft.Network/privateDnsZones";

    private readonly Deployment _deployment;
    private readonly DeployedResource _resource;
    private readonly string _name;

    private PrivateZone(Deployment deployment, DeployedResource resource)
    {
        (_deployment, _resource) = (deployment, resource);
        var name = (string)resource.Content["name"]!;
        _name = name.StartsWith('[') ? name[1..^1] : name;
    }

    /// <summary>The zones that a private endpoint is registered in.</summary>
    public static IEnumerable<PrivateZone> OfEndpoint(Deployment deployment, DeployedResource endpoint)
    {
        var ids = deployment.All("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
            .Where(group => group.Id.StartsWith($"{endpoint.Id}/", StringComparison.Ordinal))
            .SelectMany(group => group.List("properties.privateDnsZoneConfigs"))
            .Select(config => (string)config["properties"]!["privateDnsZoneId"]!)
            .ToHashSet();
        return All(deployment).Where(zone => ids.Contains(zone._resource.Id));
    }

    /// <summary>Whether all names of an internal Container Apps environment lead to its address in the network.</summary>
    public static bool NamesEnvironment(Deployment deployment, PublishedNetwork network) => All(deployment).Any(zone =>
        zone._name.EndsWith(".defaultDomain", StringComparison.Ordinal)
        && zone.IsLinkedTo(network)
        && zone.Children("A").Any(record =>
            ((string)record.Content["name"]!).Contains("'*'", StringComparison.Ordinal)
            && record["properties.aRecords[0].ipv4Address"]!.EndsWith(".staticIp]", StringComparison.Ordinal)));

    /// <summary>Whether a text is a part of its name.</summary>
    public bool IsNamed(string part) => _name.Contains(part, StringComparison.Ordinal);

    /// <summary>Whether a network asks it for names.</summary>
    public bool IsLinkedTo(PublishedNetwork network) => Children("virtualNetworkLinks").Any(link => link["properties.virtualNetwork.id"] == network.Id);

    private static IEnumerable<PrivateZone> All(Deployment deployment) => deployment.All(Zones).Select(resource => new PrivateZone(deployment, resource));

    private IEnumerable<DeployedResource> Children(string type) => _deployment.All($"{Zones}/{type}")
        .Where(child => ((string)child.Content["name"]!).Contains(_name, StringComparison.Ordinal));
}

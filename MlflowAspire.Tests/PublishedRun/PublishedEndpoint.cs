using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The private endpoint of a service.</summary>
/// <param name="HostName">The public name of the service.</param>
/// <param name="SubnetId">The subnet that the endpoint is in.</param>
/// <param name="IsResolved">Whether the name leads to the endpoint inside the network.</param>
internal sealed record PublishedEndpoint(string HostName, string SubnetId, bool IsResolved)
{
    // The private zone of each type of service, and the end of its public names.
    private static readonly Dictionary<string, (string Zone, string Suffix)> s_services = new()
    {
        ["Microsoft.DBforPostgreSQL/flexibleServers"] = ("privatelink.postgres.database", "postgres.database.azure.com"),
        ["Microsoft.Storage/storageAccounts"] = ("privatelink.blob", "blob.core.windows.net"),
        ["Microsoft.KeyVault/vaults"] = ("privatelink.vaultcore", "vault.azure.net"),
    };

    /// <summary>The endpoint of the only service of a type.</summary>
    public static PublishedEndpoint Of(Deployment deployment, PublishedNetwork network, string type)
    {
        var service = deployment.Only(type);
        var endpoint = deployment.EndpointOf(service);
        var (zone, suffix) = s_services[type];
        return new(
            $"{service.Name}.{suffix}",
            endpoint["properties.subnet.id"]!,
            PrivateZone.OfEndpoint(deployment, endpoint).Any(resource => resource.IsNamed(zone) && resource.IsLinkedTo(network)));
    }
}

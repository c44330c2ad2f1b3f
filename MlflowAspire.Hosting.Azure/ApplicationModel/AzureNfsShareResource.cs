using Aspire.Hosting.Azure;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>An NFS share of Azure Files that a Container Apps environment mounts. It is reached by a private endpoint, and by no key.</summary>
public sealed class AzureNfsShareResource : AzureProvisioningResource, IAzurePrivateEndpointTarget
{
    internal AzureNfsShareResource(string name, Action<AzureResourceInfrastructure> configureInfrastructure)
        : base(name, configureInfrastructure)
    {
    }

    /// <summary>The id of the storage account.</summary>
    public BicepOutputReference Id => new("id", this);

    /// <summary>The name of the share in the environment.</summary>
    public BicepOutputReference StorageName => new("storageName", this);

    IEnumerable<string> IAzurePrivateEndpointTarget.GetPrivateLinkGroupIds() => ["file"];

    IEnumerable<string> IAzurePrivateEndpointTarget.GetPrivateDnsZoneNames() => ["privatelink.file.core.windows.net"];
}

using Azure.Provisioning.ContainerRegistry;

namespace MlflowAspire.AppHost.Azure;

/// <summary>The sizes, the redundancy and the retention that a profile stands for; docs/cost.md has the sum of each.</summary>
internal sealed record ProfileSizes
{
    /// <summary>Whether resources are spread over availability zones (guide row G14).</summary>
    public required bool ZoneRedundancy { get; init; }

    /// <summary>The tier of the container registry.</summary>
    public required ContainerRegistrySkuName RegistrySku { get; init; }

    /// <summary>Whether nobody can remove a deleted key vault and its secrets for good before their retention ends.</summary>
    public required bool VaultPurgeProtection { get; init; }

    /// <summary>How many days logs, traces and metrics are kept.</summary>
    public required int LogRetentionDays { get; init; }

    /// <summary>The sizes of a profile.</summary>
    public static ProfileSizes Of(DeploymentProfile profile) => profile switch
    {
        DeploymentProfile.Development => new()
        {
            ZoneRedundancy = false,
            RegistrySku = ContainerRegistrySkuName.Basic,
            // The vault's name is free again after a teardown.
            VaultPurgeProtection = false,
            LogRetentionDays = 30,
        },
        _ => new()
        {
            ZoneRedundancy = true,
            RegistrySku = ContainerRegistrySkuName.Standard,
            VaultPurgeProtection = true,
            LogRetentionDays = 90,
        },
    };
}

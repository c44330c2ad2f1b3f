using Azure.Provisioning.ContainerRegistry;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The sizes, the redundancy and the retention of a deployment: those of its profile, unless a setting changes one. docs/cost.md has the sum of each profile.
/// </summary>
public sealed record ProfileSizes
{
    /// <summary>Whether what can be is spread over availability zones, which a region must have (<c>Mlflow:ZoneRedundancy</c>).</summary>
    public required bool ZoneRedundancy { get; init; }

    /// <summary>Whether backups and artifacts are copied to the paired region (<c>Mlflow:GeoRedundancy</c>); it cannot be changed later.</summary>
    public required bool GeoRedundancy { get; init; }

    /// <summary>How many days back database and artifacts can be restored (<c>Mlflow:RetentionDays</c>, 7 to 35).</summary>
    public required int RetentionDays { get; init; }

    /// <summary>The machine of PostgreSQL (<c>Mlflow:Database:Sku</c>).</summary>
    public required DatabaseSku DatabaseSku { get; init; }

    /// <summary>The disk of PostgreSQL in GiB (<c>Mlflow:Database:StorageGiB</c>); it can be made larger, never smaller.</summary>
    public required int DatabaseStorageGiB { get; init; }

    /// <summary>Whether a standby takes over when PostgreSQL fails (<c>Mlflow:Database:HighAvailability</c>).</summary>
    public required bool DatabaseHighAvailability { get; init; }

    /// <summary>The tier of the container registry.</summary>
    public required ContainerRegistrySkuName RegistrySku { get; init; }

    /// <summary>Whether nobody can permanently remove a deleted key vault and its secrets before their retention ends.</summary>
    public required bool VaultPurgeProtection { get; init; }

    /// <summary>How many days logs, traces and metrics are kept (<c>Mlflow:LogRetentionDays</c>, 30 to 730).</summary>
    public required int LogRetentionDays { get; init; }

    /// <summary>Reads the settings that change what the profile stands for.</summary>
    internal static ProfileSizes Read(SettingsSection section, DeploymentProfile profile)
    {
        var defaults = Of(profile);
        var sizes = defaults with
        {
            ZoneRedundancy = section.Boolean(nameof(ZoneRedundancy), defaults.ZoneRedundancy),
            GeoRedundancy = section.Boolean(nameof(GeoRedundancy), defaults.GeoRedundancy),
            RetentionDays = section.Integer(nameof(RetentionDays), defaults.RetentionDays, 7, 35),
            DatabaseSku = DatabaseSku.Read(section, "Database:Sku", defaults.DatabaseSku),
            DatabaseStorageGiB = section.OneOf("Database:StorageGiB", defaults.DatabaseStorageGiB, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384),
            DatabaseHighAvailability = section.Boolean("Database:HighAvailability", defaults.DatabaseHighAvailability),
            LogRetentionDays = section.Integer(nameof(LogRetentionDays), defaults.LogRetentionDays, 30, 730),
        };
        return sizes;
    }

    /// <summary>A machine with a part of a core has no standby.</summary>
    internal void Check(Mistakes mistakes)
    {
        if (this is { DatabaseHighAvailability: true, DatabaseSku.IsBurstable: true })
        {
            mistakes.Reject(
                "Database:HighAvailability", "true",
                $"false with the Burstable size {DatabaseSku.Name} of Mlflow:Database:Sku, or a General Purpose size such as Standard_D2ds_v5");
        }
    }

    /// <summary>Those of a profile.</summary>
    /// <param name="profile">The profile.</param>
    /// <returns>The sizes, to be changed by <c>with</c>.</returns>
    public static ProfileSizes Of(DeploymentProfile profile) => profile switch
    {
        DeploymentProfile.Development => new()
        {
            ZoneRedundancy = false,
            GeoRedundancy = false,
            RetentionDays = 7,
            DatabaseSku = new("Standard_B1ms"),
            DatabaseStorageGiB = 32,
            DatabaseHighAvailability = false,
            RegistrySku = ContainerRegistrySkuName.Basic,
            // The vault's name is free again after a teardown.
            VaultPurgeProtection = false,
            LogRetentionDays = 30,
        },
        _ => new()
        {
            ZoneRedundancy = true,
            GeoRedundancy = false,
            RetentionDays = 30,
            DatabaseSku = new("Standard_D2ds_v5"),
            DatabaseStorageGiB = 128,
            DatabaseHighAvailability = true,
            RegistrySku = ContainerRegistrySkuName.Standard,
            VaultPurgeProtection = true,
            LogRetentionDays = 90,
        },
    };
}

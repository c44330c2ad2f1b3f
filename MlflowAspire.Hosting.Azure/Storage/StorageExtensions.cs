using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.KeyVault;
using Azure.Provisioning.Primitives;
using Azure.Provisioning.Storage;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Publishes the storage account without public access.</summary>
internal static class StorageExtensions
{
    private const string AccessKeySecret = "storage-access-key";
    private const string BackupContainer = "mlflow-backups";

    /// <summary>Publishes the account of the artifacts with a private endpoint for its blobs.</summary>
    /// <param name="artifacts">The container of the artifacts.</param>
    /// <param name="network">The network.</param>
    /// <param name="settings">The settings.</param>
    public static void PublishInNetwork(
        this IResourceBuilder<AzureBlobStorageContainerResource> artifacts, MlflowPrivateNetwork network, MlflowSettings settings)
    {
        var blobs = artifacts.Resource.Parent;
        var builder = artifacts.ApplicationBuilder;
        builder.CreateResourceBuilder(blobs.Parent)
            .PublishAsExistingOr(settings.Existing.StorageAccount, infrastructure => Configure(infrastructure, settings));
        network.AddPrivateEndpoint(network.PrivateEndpoints, builder.CreateResourceBuilder(blobs));
    }

    /// <summary>Keeps an access key of the account in the key vault, where MLflow reads it.</summary>
    /// <param name="artifacts">The container of the artifacts.</param>
    /// <param name="vault">The key vault.</param>
    /// <param name="key">Which of the account's two keys.</param>
    public static IAzureKeyVaultSecretReference KeepAccessKey(
        this IResourceBuilder<AzureBlobStorageContainerResource> artifacts, IResourceBuilder<AzureKeyVaultResource> vault, StorageKey key)
    {
        var storage = artifacts.Resource.Parent.Parent;
        artifacts.ApplicationBuilder.CreateResourceBuilder(storage).ConfigureInfrastructure(infrastructure =>
        {
            var account = Only<StorageAccount>(infrastructure);
            account.AllowSharedKeyAccess = true;
            infrastructure.Add(new KeyVaultSecret("accessKey")
            {
                Parent = (KeyVaultService)vault.Resource.AddAsExistingResource(infrastructure),
                Name = AccessKeySecret,
                Properties = new SecretProperties { Value = account.GetKeys()[(int)key].Unwrap().Value },
            });
        });
        return vault.GetSecret(AccessKeySecret);
    }

    /// <summary>
    /// Adds a container for backups beside the one of the artifacts. Those in an account that is deployed here are removed when they are old.
    /// </summary>
    public static IResourceBuilder<AzureBlobStorageContainerResource> AddBackups(
        this IResourceBuilder<AzureBlobStorageContainerResource> artifacts, string name, int retentionDays)
    {
        var storage = artifacts.ApplicationBuilder.CreateResourceBuilder(artifacts.Resource.Parent.Parent);
        var backups = storage.AddBlobContainer(name, BackupContainer);
        storage.ConfigureInfrastructure(infrastructure =>
        {
            // An account is changed by one operation at a time.
            BlobsRole.ContainerOf(infrastructure, backups.Resource).DependsOn.Add(BlobsRole.ContainerOf(infrastructure, artifacts.Resource));
            foreach (var lifecycle in infrastructure.GetProvisionableResources().OfType<StorageAccountManagementPolicy>())
            {
                lifecycle.Rules.Add(RemoveBackups(retentionDays));
            }
        });
        return backups;
    }

    private static void Configure(AzureResourceInfrastructure infrastructure, MlflowSettings settings)
    {
        var sizes = settings.Sizes;
        var account = Only<StorageAccount>(infrastructure);
        account.Sku = new()
        {
            Name = sizes switch
            {
                { GeoRedundancy: true, ZoneRedundancy: true } => StorageSkuName.StandardGzrs,
                { GeoRedundancy: true } => StorageSkuName.StandardGrs,
                { ZoneRedundancy: true } => StorageSkuName.StandardZrs,
                _ => StorageSkuName.StandardLrs,
            },
        };
        account.AllowBlobPublicAccess = false;
        account.AllowCrossTenantReplication = false;
        account.EnableHttpsTrafficOnly = true;
        account.IsDefaultToOAuthAuthentication = true;
        account.NetworkRuleSet.Bypass = StorageNetworkBypass.None;

        // To restore a container to a point in time, Azure asks for versions, the change feed and soft delete for at least a day longer.
        var days = sizes.RetentionDays;
        var blobs = Only<BlobService>(infrastructure);
        blobs.IsVersioningEnabled = true;
        blobs.ChangeFeed = new() { IsEnabled = true, RetentionInDays = days + 1 };
        blobs.RestorePolicy = new() { IsEnabled = true, Days = days };
        blobs.DeleteRetentionPolicy = new() { IsEnabled = true, Days = days + 1 };
        blobs.ContainerDeleteRetentionPolicy = new() { IsEnabled = true, Days = days + 1 };
        var lifecycle = RemovePreviousVersions(account, days);
        // An account is changed by one operation at a time.
        foreach (var container in infrastructure.GetProvisionableResources().OfType<BlobContainer>())
        {
            lifecycle.DependsOn.Add(container);
        }

        infrastructure.Add(lifecycle);
    }

    /// <summary>What MLflow overwrites or deletes stays as a previous version, for ever unless a rule removes it.</summary>
    private static StorageAccountManagementPolicy RemovePreviousVersions(StorageAccount account, int days) => new("lifecycle")
    {
        Parent = account,
        Rules =
        {
            new ManagementPolicyRule
            {
                Name = "remove-previous-versions",
                RuleType = ManagementPolicyRuleType.Lifecycle,
                IsEnabled = true,
                Definition = new()
                {
                    Filters = new() { BlobTypes = { "blockBlob" } },
                    Actions = new() { Version = new() { Delete = new() { DaysAfterCreationGreaterThan = days } } },
                },
            },
        },
    };

    private static ManagementPolicyRule RemoveBackups(int days) => new()
    {
        Name = "remove-backups",
        RuleType = ManagementPolicyRuleType.Lifecycle,
        IsEnabled = true,
        Definition = new()
        {
            Filters = new() { BlobTypes = { "blockBlob" }, PrefixMatch = { $"{BackupContainer}/" } },
            Actions = new() { BaseBlob = new() { Delete = new() { DaysAfterModificationGreaterThan = days } } },
        },
    };

    private static T Only<T>(AzureResourceInfrastructure infrastructure) where T : ProvisionableResource =>
        infrastructure.GetProvisionableResources().OfType<T>().Single();
}

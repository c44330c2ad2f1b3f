using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Storage;
using MlflowAspire.Hosting.Azure;
using FileShare = Azure.Provisioning.Storage.FileShare;

namespace Aspire.Hosting;

/// <summary>Adds NFS shares to Container Apps environments.</summary>
public static class AzureNfsShareExtensions
{
    private const string ShareName = "artifacts";
    private const int RetentionDays = 7;

    /// <summary>
    /// Adds a storage account with an NFS share to the environment, for <c>WithVolumeArtifactStore</c>. It has no public network access: add a private
    /// endpoint in the environment's network, whose rules let port 2049 pass. It plays no part in a local run.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="environment">The environment that mounts the share; it is part of a virtual network.</param>
    /// <param name="sizeGiB">The size that is paid for, from 100 to 102400 GiB.</param>
    /// <param name="zoneRedundant">Whether the share is spread over availability zones.</param>
    /// <returns>The builder of the share.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    public static IResourceBuilder<AzureNfsShareResource> AddAzureNfsShare(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<AzureContainerAppEnvironmentResource> environment,
        int sizeGiB = 100,
        bool zoneRedundant = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(environment);
        if (sizeGiB is < 100 or > 102400)
        {
            throw new ArgumentOutOfRangeException(nameof(sizeGiB), sizeGiB, "The size of an NFS share of Azure Files is from 100 to 102400 GiB.");
        }

        var share = new AzureNfsShareResource(name, infrastructure => Configure(infrastructure, environment.Resource, sizeGiB, zoneRedundant));
        return builder.ExecutionContext.IsPublishMode ? builder.AddResource(share) : builder.CreateResourceBuilder(share);
    }

    private static void Configure(AzureResourceInfrastructure infrastructure, AzureContainerAppEnvironmentResource environment, int sizeGiB, bool zoneRedundant)
    {
        var account = new StorageAccount(Infrastructure.NormalizeBicepIdentifier(infrastructure.AspireResource.Name))
        {
            Kind = StorageKind.FileStorage,
            Sku = new() { Name = zoneRedundant ? StorageSkuName.PremiumZrs : StorageSkuName.PremiumLrs },
            PublicNetworkAccess = StoragePublicNetworkAccess.Disabled,
            NetworkRuleSet = new() { DefaultAction = StorageNetworkDefaultAction.Deny, Bypass = StorageNetworkBypass.None },
            // NFS knows neither keys nor HTTPS: who reaches the share may use it.
            AllowSharedKeyAccess = false,
            EnableHttpsTrafficOnly = false,
            AllowBlobPublicAccess = false,
            MinimumTlsVersion = StorageMinimumTlsVersion.Tls1_2,
            Tags = { ["aspire-resource-name"] = infrastructure.AspireResource.Name },
        };
        var files = new FileService("fileService")
        {
            Parent = account,
            ShareDeleteRetentionPolicy = new() { IsEnabled = true, Days = RetentionDays },
        };
        var share = new FileShare("fileShare")
        {
            Parent = files,
            Name = ShareName,
            EnabledProtocol = FileShareEnabledProtocol.Nfs,
            // The server has no root rights, and nobody else mounts the share.
            RootSquash = RootSquashType.RootSquash,
            ShareQuota = sizeGiB,
        };
        var storage = new ContainerAppManagedEnvironmentStorage("mount")
        {
            Parent = (ContainerAppManagedEnvironment)environment.AddAsExistingResource(infrastructure),
            Name = ShareName,
            Properties = new()
            {
                NfsAzureFile = new()
                {
                    Server = BicepFunction.Interpolate($"{account.Name}.file.{CloudNames.StorageSuffix}"),
                    // The name of the share by itself does not do.
                    ShareName = BicepFunction.Interpolate($"/{account.Name}/{share.Name}"),
                    AccessMode = ContainerAppAccessMode.ReadWrite,
                },
            },
        };
        infrastructure.Add(account);
        infrastructure.Add(files);
        infrastructure.Add(share);
        infrastructure.Add(storage);
        infrastructure.Add(new ProvisioningOutput("id", typeof(string)) { Value = account.Id });
        infrastructure.Add(new ProvisioningOutput("storageName", typeof(string)) { Value = storage.Name });
    }
}

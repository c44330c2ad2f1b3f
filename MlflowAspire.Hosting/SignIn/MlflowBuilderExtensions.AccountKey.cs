using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.KeyVault;
using Azure.Provisioning.Storage;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Has the published server sign in to the storage account of its artifacts with an account key in place of its identity (guide rows G2 and G9,
    /// <c>AZURE_STORAGE_ACCESS_KEY</c>). The deployment itself puts the key into the key vault, so that nobody sees it. It has no effect in a local run, where the
    /// emulator has a connection string.
    /// </summary>
    /// <remarks>A key opens the whole account and does not expire: prefer the identity. To renew a key, deploy with the other one first.</remarks>
    /// <param name="builder">The MLflow server, with its artifact store.</param>
    /// <param name="vault">The key vault of the server's secrets.</param>
    /// <param name="key">The key that is used.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key is not one of the two.</exception>
    /// <exception cref="InvalidOperationException">The server keeps its artifacts in no blob container.</exception>
    public static IResourceBuilder<MlflowServerResource> WithStorageAccountKey(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureKeyVaultResource> vault, StorageAccountKeyName key = StorageAccountKeyName.Key1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(vault);
        if (!Enum.IsDefined(key))
        {
            throw new ArgumentOutOfRangeException(nameof(key), key, "The key of the storage account (AZURE_STORAGE_ACCESS_KEY) is Key1 or Key2.");
        }

        if (builder.Resource.ArtifactStore is not AzureBlobStorageContainerResource { Parent.Parent: var storage })
        {
            throw new InvalidOperationException($"MLflow server '{builder.Resource.Name}' keeps its artifacts in no blob container, so that there is no storage account with keys. Call WithArtifactStore with one first.");
        }

        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var secretName = $"{storage.Name}-account-key";
        builder.ApplicationBuilder.CreateResourceBuilder(storage).ConfigureInfrastructure(infrastructure =>
        {
            var account = infrastructure.GetProvisionableResources().OfType<StorageAccount>().Single();
            account.AllowSharedKeyAccess = true;
            infrastructure.Add(new KeyVaultSecret("account_key")
            {
                Parent = (KeyVaultService)vault.Resource.AddAsExistingResource(infrastructure),
                Name = secretName,
                Properties = new() { Value = new MemberExpression(account.GetKeys()[(int)key].Compile(), "value") },
            });
        });

        var secret = vault.GetSecret(secretName);
        secret.SecretOwner = storage;
        return builder.WithEnvironment(context => context.EnvironmentVariables["AZURE_STORAGE_ACCESS_KEY"] = secret);
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Storage;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    // Azurite's account name is fixed; MLflow takes the address from the connection string and the account from the URI.
    private const string EmulatorHost = "devstoreaccount1.blob.core.windows.net";
    private const string BlobHostOutput = "blobHost";

    /// <summary>
    /// Keeps artifacts in a blob container. Clients send and get them through the server, so that they need no
    /// credentials of the store. In Azure the server signs in with its identity; the emulator of a local run has a connection string.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="container">The blob container.</param>
    /// <param name="path">
    /// A path below the container (<c>MLFLOW_ARTIFACTS_DESTINATION</c>), such as <c>teams/vision</c>, where it has other files too; all of it by default.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The path is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureBlobStorageContainerResource> container, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(container);
        Setting.RequirePath(path, nameof(path));

        builder.WithOneArtifactStore(container.Resource.Name);
        builder.Resource.ArtifactStore = container.Resource;
        builder.ApplicationBuilder.CreateResourceBuilder(container.Resource.Parent.Parent).ConfigureInfrastructure(infrastructure =>
        {
            AddBlobHost(infrastructure);
            KeepExistingBlobService(infrastructure);
        });
        return builder
            .WithStoreEnvironment(context =>
            {
                // Read late: the storage account may become an emulator after this call. One way to sign in at a time: MLflow would prefer a connection string.
                var blobs = container.Resource.Parent;
                var storage = blobs.Parent;
                context.EnvironmentVariables["MLFLOW_ARTIFACTS_DESTINATION"] = storage.IsEmulator
                    ? ReferenceExpression.Create($"wasbs://{container.Resource.BlobContainerName}@{EmulatorHost}{Setting.UriPath(path)}")
                    : ReferenceExpression.Create(
                        $"wasbs://{container.Resource.BlobContainerName}@{new BicepOutputReference(BlobHostOutput, storage)}{Setting.UriPath(path)}");
                if (storage.IsEmulator)
                {
                    context.EnvironmentVariables["AZURE_STORAGE_CONNECTION_STRING"] = blobs.ConnectionStringExpression;
                }
            })
            .WithReferenceRelationship(container)
            .WaitFor(container);
    }

    /// <summary>Only the container is made in an existing account: its blob service keeps its settings.</summary>
    private static void KeepExistingBlobService(AzureResourceInfrastructure infrastructure)
    {
        var resources = infrastructure.GetProvisionableResources().ToList();
        if (!infrastructure.AspireResource.IsExisting() || resources.OfType<BlobService>().Single() is not { IsExistingResource: false } deployed)
        {
            return;
        }

        var existing = BlobService.FromExisting(deployed.BicepIdentifier);
        existing.Parent = deployed.Parent;
        infrastructure.Remove(deployed);
        infrastructure.Add(existing);
        foreach (var container in resources.OfType<BlobContainer>())
        {
            container.Parent = existing;
        }
    }

    /// <summary>The host name of the account's blobs, which ends as the cloud says.</summary>
    private static void AddBlobHost(AzureResourceInfrastructure infrastructure)
    {
        var resources = infrastructure.GetProvisionableResources().ToList();
        // Servers may share an account.
        if (!resources.OfType<ProvisioningOutput>().Any(output => output.BicepIdentifier == BlobHostOutput))
        {
            infrastructure.Add(new ProvisioningOutput(BlobHostOutput, typeof(string))
            {
                Value = BicepFunction.Interpolate($"{resources.OfType<StorageAccount>().Single().Name}.blob.{CloudNames.StorageSuffix}"),
            });
        }
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    // Azurite's account name is fixed; MLflow takes the address from the connection string and the account from the URI.
    private const string EmulatorAccount = "devstoreaccount1";

    /// <summary>
    /// Keeps artifacts in a blob container. Clients send and get them through the server, so that they need no
    /// credentials of the store. In Azure the server signs in with its identity; the emulator of a local run has a connection string.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="container">The blob container.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureBlobStorageContainerResource> container)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(container);

        builder.WithOneArtifactStore(container.Resource.Name);
        builder.Resource.ArtifactStore = container.Resource;
        return builder
            .WithStoreEnvironment(context =>
            {
                // Read late: the storage account may become an emulator after this call. One way to sign in at a time: MLflow would prefer a connection string.
                var blobs = container.Resource.Parent;
                var storage = blobs.Parent;
                context.EnvironmentVariables["MLFLOW_ARTIFACTS_DESTINATION"] = storage.IsEmulator
                    ? Wasbs(container.Resource, ReferenceExpression.Create($"{EmulatorAccount}"))
                    : Wasbs(container.Resource, ReferenceExpression.Create($"{storage.NameOutputReference}"));
                if (storage.IsEmulator)
                {
                    context.EnvironmentVariables["AZURE_STORAGE_CONNECTION_STRING"] = blobs.ConnectionStringExpression;
                }
            })
            .WithReferenceRelationship(container)
            .WaitFor(container)
            .WithStoreRoles();
    }

    private static ReferenceExpression Wasbs(AzureBlobStorageContainerResource container, ReferenceExpression account) =>
        ReferenceExpression.Create($"wasbs://{container.BlobContainerName}@{account}.blob.core.windows.net");
}

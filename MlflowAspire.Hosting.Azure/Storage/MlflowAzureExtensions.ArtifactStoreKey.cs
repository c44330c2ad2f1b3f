using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    internal const string StorageKeyVariable = "AZURE_STORAGE_ACCESS_KEY";

    /// <summary>
    /// Signs in to the blob container by an access key of its account (<c>AZURE_STORAGE_ACCESS_KEY</c>) instead of by the server's
    /// identity. It has no effect in a local run, where the emulator has a key of its own.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="accessKey">The access key, in a key vault.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithArtifactStoreKey(
        this IResourceBuilder<MlflowServerResource> builder, IAzureKeyVaultSecretReference accessKey)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(accessKey);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        return builder.WithAnnotation(new ArtifactStoreKeyAnnotation())
            .WithStoreEnvironment(context => context.EnvironmentVariables[StorageKeyVariable] = accessKey);
    }
}

using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The server signs in to the storage account by a key, so that its identity needs no role there.</summary>
internal sealed record ArtifactStoreKeyAnnotation : IResourceAnnotation;

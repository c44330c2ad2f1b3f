using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The share that published containers of the server mount for artifacts.</summary>
/// <param name="Share">The share.</param>
internal sealed record ArtifactShareAnnotation(AzureNfsShareResource Share) : IResourceAnnotation;

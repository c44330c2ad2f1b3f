using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Marks the server that is published to a private network.</summary>
internal sealed record PrivateNetworkAnnotation : IResourceAnnotation;

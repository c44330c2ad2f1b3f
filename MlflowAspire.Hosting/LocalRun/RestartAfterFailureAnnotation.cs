using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>A container that is started again when it fails after it was healthy.</summary>
internal sealed class RestartAfterFailureAnnotation : IResourceAnnotation;

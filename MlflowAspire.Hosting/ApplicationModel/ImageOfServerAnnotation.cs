namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container runs from the image of an MLflow server.</summary>
/// <param name="Server">The server.</param>
internal sealed record ImageOfServerAnnotation(MlflowServerResource Server) : IResourceAnnotation;

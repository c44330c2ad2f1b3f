namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container that does one task for an MLflow server, from the server's own image, and ends.</summary>
/// <param name="name">The name of the resource.</param>
[AspireExport]
public sealed class MlflowTaskResource(string name) : ContainerResource(name);

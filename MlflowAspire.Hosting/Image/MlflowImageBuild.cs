using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>What the image of an MLflow server is built from.</summary>
[AspireDto]
public sealed class MlflowImageBuild
{
    /// <summary>
    /// The version of MLflow that is expected (<c>MLFLOW_VERSION</c>, default <c>3.17.2</c>). There is one that the image is made for, and another is refused:
    /// who names it learns of a package with another MLflow before its migration changes the database.
    /// </summary>
    public string? MlflowVersion { get; init; }

    /// <summary>
    /// The base by another name (<c>BASE_IMAGE</c>): the same image by digest (<c>ghcr.io/mlflow/mlflow@sha256:…</c>), a registry's copy of it, or an image
    /// that is made from it.
    /// </summary>
    public string? BaseImage { get; init; }

    /// <summary>Python packages to install besides (<c>PYTHON_PACKAGES</c>), each with its version: <c>litellm==1.83.0</c>.</summary>
    public IReadOnlyList<string> PythonPackages { get; init; } = [];
}

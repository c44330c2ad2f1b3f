using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>What the image of an MLflow server is built from.</summary>
[AspireDto]
public sealed class MlflowImageBuild
{
    /// <summary>
    /// The version of MLflow (<c>MLFLOW_VERSION</c>), such as <c>3.17.2</c>, which is the default and the one that all is tested with. The base is MLflow's
    /// image <c>ghcr.io/mlflow/mlflow:v{version}-full</c>.
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

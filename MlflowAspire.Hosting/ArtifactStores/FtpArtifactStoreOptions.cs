using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>How the MLflow server reaches an FTP server.</summary>
[AspireDto]
public sealed class FtpArtifactStoreOptions
{
    /// <summary>The port, 1 to 65535 (default 21).</summary>
    public int Port { get; init; } = 21;

    /// <summary>The folder on the FTP server that artifacts go below, such as <c>mlflow</c>; by default the top folder.</summary>
    public string? Path { get; init; }

    /// <summary>The user, together with <see cref="Password"/>; without them the server signs in as <c>anonymous</c>.</summary>
    public string? UserName { get; init; }

    /// <summary>
    /// The password of the user; a secret parameter. The image takes it apart from the address (<c>MLFLOW_FTP_PASSWORD</c>), which MLflow may log.
    /// </summary>
    public IResourceBuilder<ParameterResource>? Password { get; init; }
}

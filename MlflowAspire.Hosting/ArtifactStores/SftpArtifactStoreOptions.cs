using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>How the MLflow server reaches an SFTP server: by a private key, and only when it knows the key of the host.</summary>
[AspireDto]
public sealed class SftpArtifactStoreOptions
{
    /// <summary>The port, 1 to 65535 (default 22).</summary>
    public int Port { get; init; } = 22;

    /// <summary>The folder on the SFTP server that artifacts go below, such as <c>srv/mlflow</c>; by default the top folder.</summary>
    public string? Path { get; init; }

    /// <summary>The user.</summary>
    public required string UserName { get; init; }

    /// <summary>
    /// The private key as PEM text (<c>~/.ssh/id_rsa</c>), an RSA key without a passphrase: MLflow's SFTP library reads no other; a secret parameter.
    /// </summary>
    public required IResourceBuilder<ParameterResource> PrivateKey { get; init; }

    /// <summary>
    /// The key of the host, a line such as <c>sftp.example.com ssh-ed25519 AAAA…</c> (<c>~/.ssh/known_hosts</c>). The host stands there without port,
    /// whatever the port is: so MLflow looks it up.
    /// </summary>
    public required IResourceBuilder<ParameterResource> KnownHosts { get; init; }
}

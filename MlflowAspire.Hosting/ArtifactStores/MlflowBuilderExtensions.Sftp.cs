using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts on an SFTP server. Clients send and get them through the MLflow server, so that they need no credentials of the store.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="host">The SFTP server: a name or an IPv4 address.</param>
    /// <param name="options">Port, folder, user and keys.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The host or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithSftpArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string host, SftpArtifactStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(options);
        Setting.RequireHost(host, nameof(host));
        Setting.RequirePort(options.Port);
        Setting.RequirePath(options.Path);
        // MLflow takes the user as it stands in the URI, without decoding.
        Setting.Require(
            SftpUserPattern().IsMatch(options.UserName),
            nameof(options.UserName), "MLFLOW_ARTIFACTS_DESTINATION", options.UserName, "letters, digits, '.', '_', '-' and '$'");
        Setting.RequireSecret(options.PrivateKey, nameof(options.PrivateKey));

        return builder.WithArtifactStore($"sftp://{options.UserName}@{host}:{options.Port}/{options.Path}", environment =>
        {
            environment["MLFLOW_SFTP_PRIVATE_KEY"] = options.PrivateKey.Resource;
            environment["MLFLOW_SFTP_KNOWN_HOSTS"] = options.KnownHosts.Resource;
        });
    }

    [GeneratedRegex(@"^[A-Za-z0-9._$-]+$")]
    private static partial Regex SftpUserPattern();
}

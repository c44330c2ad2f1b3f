using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts on an FTP server. Clients send and get them through the MLflow server, so that they need no credentials of the store.
    /// FTP encrypts neither password nor data: use it inside a network of your own, or prefer <see cref="WithSftpArtifactStore"/>.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="host">The FTP server: a name or an IPv4 address.</param>
    /// <param name="options">Port, folder and credentials.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The host or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithFtpArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string host, FtpArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(host);
        options ??= new();
        Setting.RequireHost(host, nameof(host));
        Setting.RequirePort(options.Port);
        Setting.RequirePath(options.Path);
        Setting.RequireBothOrNone(options.UserName, nameof(options.UserName), options.Password, nameof(options.Password));
        Setting.Require(options.UserName is not "", nameof(options.UserName), "MLFLOW_ARTIFACTS_DESTINATION", options.UserName, "the name of a user");
        Setting.RequireSecret(options.Password, nameof(options.Password));

        var user = options.UserName is null ? "" : $"{Uri.EscapeDataString(options.UserName)}@";
        return builder.WithArtifactStore(
            $"ftp://{user}{host}:{options.Port}/{options.Path}",
            environment => environment.SetIfGiven("MLFLOW_FTP_PASSWORD", options.Password?.Resource));
    }
}

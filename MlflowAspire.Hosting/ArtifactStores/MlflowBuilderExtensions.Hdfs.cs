using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts in a Hadoop file system. Clients send and get them through the MLflow server, so that they need no credentials of the store.
    /// The server needs Hadoop's client (pyarrow, libhdfs and Java), which the image does not hold: give the server an image that does, or it says so and does
    /// not start.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="nameNode">The name node or the name service; by default the file system of Hadoop's configuration (<c>core-site.xml</c>).</param>
    /// <param name="options">Port, folder, Kerberos and settings of the Hadoop client.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The name node or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithHdfsArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string? nameNode = null, HdfsArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new();
        if (nameNode is not null)
        {
            Setting.RequireHost(nameNode, nameof(nameNode));
        }

        Setting.RequirePort(options.Port);
        Setting.Require(
            options.Port is null || nameNode is not null,
            nameof(options.Port), "MLFLOW_ARTIFACTS_DESTINATION", options.Port, "a port together with a name node");
        Setting.RequirePath(options.Path);
        Setting.Require(options.User is not "", nameof(options.User), "MLFLOW_KERBEROS_USER", options.User, "the name of a user");
        Setting.Require(
            options.TicketCache is null || options.TicketCache.StartsWith('/'),
            nameof(options.TicketCache), "MLFLOW_KERBEROS_TICKET_CACHE", options.TicketCache, "the full path of a file in the container");
        foreach (var (name, value) in options.Configuration)
        {
            Setting.Require(
                name.Length > 0 && name.IndexOfAny(['=', ',']) < 0 && !value.Contains(',', StringComparison.Ordinal),
                nameof(options.Configuration), "MLFLOW_PYARROW_EXTRA_CONF", $"{name}={value}", "names without '=' and ',', values without ','");
        }

        return builder.WithArtifactStore($"hdfs://{nameNode}{(options.Port is { } port ? $":{port}" : "")}/{options.Path}", environment =>
        {
            environment.SetIfGiven("MLFLOW_KERBEROS_USER", options.User);
            environment.SetIfGiven("MLFLOW_KERBEROS_TICKET_CACHE", options.TicketCache);
            environment.SetIfGiven(
                "MLFLOW_PYARROW_EXTRA_CONF",
                options.Configuration.Count > 0 ? string.Join(',', options.Configuration.Select(setting => $"{setting.Key}={setting.Value}")) : null);
        });
    }
}

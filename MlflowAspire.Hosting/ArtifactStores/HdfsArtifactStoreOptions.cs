using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>How the MLflow server reaches a Hadoop file system.</summary>
[AspireDto]
public sealed class HdfsArtifactStoreOptions
{
    /// <summary>The port of the name node, 1 to 65535; by default the one of Hadoop's configuration.</summary>
    public int? Port { get; init; }

    /// <summary>The folder that artifacts go below, such as <c>user/mlflow</c>; by default the top folder.</summary>
    public string? Path { get; init; }

    /// <summary>The user (<c>MLFLOW_KERBEROS_USER</c>); by default the one of the process or of the ticket.</summary>
    public string? User { get; init; }

    /// <summary>
    /// The full path, in the container, of the Kerberos ticket cache (<c>MLFLOW_KERBEROS_TICKET_CACHE</c>). Tickets expire: mount a file or volume there that
    /// something outside keeps fresh.
    /// </summary>
    public string? TicketCache { get; init; }

    /// <summary>
    /// Settings of the Hadoop client (<c>MLFLOW_PYARROW_EXTRA_CONF</c>), such as <c>dfs.replication</c>. Names hold no <c>=</c>, names and values no comma.
    /// </summary>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();
}

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// What an MLflow server calls beside HTTPS, its database and its network's DNS: where its artifact store listens, for one. A private network opens it.
/// </summary>
/// <param name="name">What is called, in lower case with hyphens; the name of the rule.</param>
/// <param name="ports">The TCP ports, or ranges of them such as <c>1024-65535</c>.</param>
public sealed class OutboundTrafficAnnotation(string name, params string[] ports) : IResourceAnnotation
{
    /// <summary>What is called.</summary>
    public string Name { get; } = name;

    /// <summary>The TCP ports, or ranges of them.</summary>
    public IReadOnlyList<string> Ports { get; } = ports;

    /// <summary>The addresses in CIDR notation or the service tag that is called; <c>*</c>, the default, for any.</summary>
    public string Destination { get; init; } = "*";

    /// <summary>Whether a private endpoint of the network leads there, in place of <see cref="Destination"/>.</summary>
    public bool ThroughPrivateEndpoint { get; init; }

    /// <summary>What an artifact store needs; null when HTTPS is all.</summary>
    /// <param name="uri">The address of the store: the scheme, host and port of <c>MLFLOW_ARTIFACTS_DESTINATION</c>, or of an endpoint of S3.</param>
    internal static OutboundTrafficAnnotation? Of(Uri uri)
    {
        string[] ports = uri switch
        {
            { Scheme: "sftp" } => [Port(22)],
            // The server names a port for each transfer.
            { Scheme: "ftp" } => [Port(21), "1024-65535"],
            // The name node, and the data nodes that it names.
            { Scheme: "hdfs" } => [Port(8020), "9864-9867"],
            { Scheme: "http" or "https", Port: not 443 } => [Port(80)],
            _ => [],
        };
        return ports is []
            ? null
            : new("artifact-store", ports) { Destination = uri.HostNameType is UriHostNameType.IPv4 ? $"{uri.Host}/32" : "*" };

        string Port(int usual) => (uri.Port > 0 ? uri.Port : usual).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

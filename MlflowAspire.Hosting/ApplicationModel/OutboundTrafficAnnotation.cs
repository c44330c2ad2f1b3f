using System.Net;
using MlflowAspire.Hosting;

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

    /// <summary>What calls to an address need; null when HTTPS to the internet is all.</summary>
    /// <param name="name">What is called.</param>
    /// <param name="uri">Its address, such as that of <c>MLFLOW_ARTIFACTS_DESTINATION</c> or of an endpoint of S3.</param>
    internal static OutboundTrafficAnnotation? Of(string name, Uri uri)
    {
        var address = uri.HostNameType is UriHostNameType.IPv4 ? IPAddress.Parse(uri.Host) : null;
        string[] ports = uri switch
        {
            { Scheme: "sftp" } => [Port(22)],
            // The server names a port for each transfer.
            { Scheme: "ftp" } => [Port(21), "1024-65535"],
            // The name node, and the data nodes that it names.
            { Scheme: "hdfs" } => [Port(8020), "9864-9867"],
            { Scheme: "http" or "https" } when uri.Port != 443 || (address is not null && PrivateRanges.Contain(address)) => [Port(80)],
            _ => [],
        };
        return ports is []
            ? null
            : new(name, ports) { Destination = address is null ? "*" : $"{address}/32" };

        string Port(int usual) => (uri.Port > 0 ? uri.Port : usual).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

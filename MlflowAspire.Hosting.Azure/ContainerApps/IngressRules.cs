using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The rules of the settings of the ingress.</summary>
internal static partial class IngressRules
{
    public static Rule<string> CustomDomain { get; } = new(
        "the custom domain", "the name of a domain in lower case, such as 'mlflow.example.com'", domain => DomainPattern().IsMatch(domain));

    public static Rule<IPNetwork> IPRestriction { get; } = new(
        "the IP restrictions of the ingress", "IPv4 ranges in CIDR notation, separated by commas, such as '203.0.113.0/24'",
        range => range.BaseAddress.AddressFamily is AddressFamily.InterNetwork);

    /// <summary>Azure asks the server from the internet before it issues or renews a certificate.</summary>
    public static bool CanHaveManagedCertificate(bool isInternal, bool restrictsAddresses) => !isInternal && !restrictsAddresses;

    [GeneratedRegex(@"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
    private static partial Regex DomainPattern();
}

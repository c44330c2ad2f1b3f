using System.Net;

namespace MlflowAspire.Hosting;

/// <summary>The IPv4 addresses of private networks (RFC 1918), which the internet does not know.</summary>
internal static class PrivateRanges
{
    public static IReadOnlyList<IPNetwork> All { get; } =
        [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16")];

    public static bool Contain(IPAddress address) => All.Any(range => range.Contains(address));
}

using System.Net;
using System.Net.Sockets;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The rules of the settings of an import in Azure.</summary>
internal static class ImportRules
{
    /// <summary>A job has no disk of anybody's, and a password passes the internet encrypted or not at all.</summary>
    public static Rule<string> Source { get; } = new(
        "MLFLOW_IMPORT_SOURCE",
        "the address of a server by https, such as 'https://mlflow.example.com', or by http with an IPv4 address of a private network, such as "
            + "'http://10.20.0.4:5000', without credentials; a database or a folder is imported by the image, as docs/day-two.md says",
        Accepts);

    private static bool Accepts(string text)
    {
        if (!Uri.IsWellFormedUriString(text, UriKind.Absolute) || !Uri.TryCreate(text, UriKind.Absolute, out var address)
            || address is not { UserInfo: "", Query: "", Fragment: "", IsLoopback: false, Port: > 0 })
        {
            return false;
        }

        return IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip)
            ? ip.AddressFamily is AddressFamily.InterNetwork && (PrivateRanges.Contain(ip) || (address.Scheme == "https" && !IsOfOneMachine(ip)))
                && address.Scheme is "http" or "https"
            : address.Scheme == "https";
    }

    /// <summary>0.0.0.0 stands for the job itself, 169.254.0.0/16 is Azure's own on each machine.</summary>
    private static bool IsOfOneMachine(IPAddress ip) => ip.GetAddressBytes() is [0, ..] or [169, 254, ..];
}

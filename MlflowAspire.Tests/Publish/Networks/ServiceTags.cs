using System.Net;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// The addresses behind the service tags of security rules. Azure keeps thousands of ranges for its public services; here each service has a few addresses of
/// a range for documentation (RFC 5737), which are a part of the internet as they are in Azure.
/// </summary>
/// <param name="space">The address space of the virtual network.</param>
internal sealed class ServiceTags(IReadOnlyList<IPNetwork> space)
{
    /// <summary>The address that DNS and the probes of load balancers have in every virtual network.</summary>
    public const string Platform = "168.63.129.16";

    /// <summary>An address on the internet that is no service of Azure.</summary>
    public const string Elsewhere = "203.0.113.9";

    private static readonly Dictionary<string, string> s_services = new(StringComparer.OrdinalIgnoreCase)
    {
        ["AzureLoadBalancer"] = $"{Platform}/32",
        ["Storage"] = "198.51.100.16/28",
        ["AzureActiveDirectory"] = "198.51.100.32/28",
        ["AzureMonitor"] = "198.51.100.48/28",
        ["AzureKeyVault"] = "198.51.100.64/28",
        ["AzureContainerRegistry"] = "198.51.100.80/28",
        ["MicrosoftContainerRegistry"] = "198.51.100.96/28",
        ["AzureFrontDoor.FirstParty"] = "198.51.100.112/28",
    };

    private static readonly IPNetwork s_platform = IPNetwork.Parse($"{Platform}/32");

    // The platform's address belongs to the network.
    private readonly IPNetwork[] _inside = [.. space, s_platform];

    /// <summary>The addresses on the internet that are called or call.</summary>
    public static IEnumerable<string> Addresses => [Elsewhere, .. s_services.Keys.Where(tag => tag != "AzureLoadBalancer").Select(AddressOf)];

    /// <summary>An address of a service.</summary>
    public static string AddressOf(string tag) => IPNetwork.Parse(s_services[tag]).BaseAddress.ToString();

    /// <summary>The addresses of a prefix: a range, an address, a tag or <c>*</c>.</summary>
    public AddressSet Resolve(string prefix) => prefix.ToUpperInvariant() switch
    {
        "*" => AddressSet.Everything,
        "VIRTUALNETWORK" => new(_inside),
        // The address space is a part of what the internet does not know.
        "INTERNET" => new([.. PrivateRanges.All, s_platform], AllOthers: true),
        _ when s_services.TryGetValue(prefix, out var range) => new([IPNetwork.Parse(range)]),
        _ when IPNetwork.TryParse(prefix.Contains('/') ? prefix : $"{prefix}/32", out var range) => new([range]),
        _ => throw new NotSupportedException($"No address stands for the service tag '{prefix}': give it one in {nameof(ServiceTags)}."),
    };
}

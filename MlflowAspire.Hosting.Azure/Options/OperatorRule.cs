using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using static Azure.Provisioning.Network.SecurityRuleDirection;

namespace MlflowAspire.Hosting.Azure;

/// <summary>What an operator lets pass beside what MLflow needs (<c>Mlflow:Network:Rules:*</c>): <c>10.9.0.0/24 -> database:5432</c>.</summary>
/// <param name="Name">The name of the rule.</param>
/// <param name="From">The addresses that call.</param>
/// <param name="To">The addresses that are called.</param>
/// <param name="Ports">The TCP ports that are called, or ranges of them.</param>
public sealed partial record OperatorRule(string Name, string From, string To, IReadOnlyList<string> Ports)
{
    private const string Accepted =
        "a flow by TCP such as '10.9.0.0/24 -> database:5432' or 'container-apps -> 10.20.0.4/32:8443,9000-9100': "
            + "each end is container-apps, database, private-endpoints, "
        + "an IPv4 range or a service tag, and one of them is a subnet of MLflow";

    /// <summary>Reads the rules of the setting; their names are letters, digits and hyphens.</summary>
    internal static OperatorRule[] Read(SettingsSection section, IReadOnlyDictionary<string, IPNetwork> subnets) =>
        [.. section.Below("Network:Rules").Select(setting => Read(section, setting.Key, setting.Value, subnets)).OfType<OperatorRule>()];

    /// <summary>The rules of a subnet's group: one for what is let in, one for what is let out.</summary>
    /// <param name="subnet">The addresses of the subnet.</param>
    internal IEnumerable<NetworkRule> For(string subnet)
    {
        // Rules of one's own sort and read apart from MLflow's.
        if (To == subnet)
        {
            yield return new($"operators-{Name}-in", Inbound, From, To, "Mlflow:Network:Rules", [.. Ports]);
        }

        if (From == subnet)
        {
            yield return new($"operators-{Name}-out", Outbound, From, To, "Mlflow:Network:Rules", [.. Ports]);
        }
    }

    /// <summary>Checks a rule that is not of the configuration.</summary>
    /// <exception cref="ArgumentException">The name, an address or a port is wrong.</exception>
    internal void Check()
    {
        if (!RuleName().IsMatch(Name) || !IsAddress(From) || !IsAddress(To) || Ports is [] || !Ports.All(IsPorts))
        {
            throw new ArgumentException(
                $"The rule '{Name}' is from '{From}' to '{To}', ports '{string.Join(',', Ports)}'; accepted: "
                    + "a name of letters, digits and hyphens, IPv4 ranges in CIDR notation or service tags, "
                + "and ports or ranges of them such as '8443' or '9000-9100'.");
        }
    }

    private static OperatorRule? Read(SettingsSection section, string name, string value, IReadOnlyDictionary<string, IPNetwork> subnets)
    {
        var (from, to, ports) = Pattern().Match(value) is { Success: true } match
            ? (Address(match.Groups["from"].Value, subnets), Address(match.Groups["to"].Value, subnets), match.Groups["ports"].Value.Split(','))
            : default;
        if (from is null || to is null
            || !subnets.Values.Any(subnet => from == subnet.ToString() || to == subnet.ToString()) || !ports.All(IsPorts) || !RuleName().IsMatch(name))
        {
            section.Reject($"Network:Rules:{name}", value, Accepted);
            return null;
        }

        return new(name, from, to, ports);
    }

    private static string? Address(string text, IReadOnlyDictionary<string, IPNetwork> subnets) =>
        subnets.TryGetValue(text, out var subnet) ? subnet.ToString()
        : IsAddress(text) ? text
        : null;

    /// <summary>An IPv4 range or a service tag.</summary>
    internal static bool IsAddress(string text) =>
        (IPNetwork.TryParse(text, out var range) && range.BaseAddress.AddressFamily is AddressFamily.InterNetwork && range.ToString() == text)
            || Tag().IsMatch(text);

    /// <summary>A port, or the first and last of a range.</summary>
    internal static bool IsPorts(string text)
    {
        var ends = text.Split('-', 2).Select(end => int.TryParse(end, out var port) ? port : 0).ToList();
        return ends.All(port => port is >= 1 and <= 65535) && ends[0] <= ends[^1];
    }

    [GeneratedRegex(@"^(?<from>\S+) -> (?<to>[^\s:]+):(?<ports>[\d,-]+)$")]
    private static partial Regex Pattern();

    // Such as Internet, Storage.WestEurope or AzureKeyVault.
    [GeneratedRegex(@"^[A-Z][A-Za-z]+(\.[A-Za-z0-9]+)?$")]
    private static partial Regex Tag();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,49}$")]
    private static partial Regex RuleName();
}

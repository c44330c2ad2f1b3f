using System.Globalization;
using System.Text;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The rules of a network security group as Linux enforces them: nftables in the network namespace of each interface of the subnet.</summary>
internal static class PacketFilter
{
    /// <summary>What nft reads; it takes the place of an earlier filter in one step.</summary>
    /// <param name="group">The group; null where there is none, and all passes.</param>
    /// <param name="tags">The addresses behind prefixes.</param>
    public static string Of(SecurityGroup? group, ServiceTags tags)
    {
        // Named before it is deleted: it may not be there yet.
        var text = new StringBuilder("table inet security_group\ndelete table inet security_group\n");
        if (group is null)
        {
            return text.ToString();
        }

        text.Append("table inet security_group {\n");
        AppendChain(text, "inbound", "input", "iif", group.InOrder(inbound: true), tags);
        AppendChain(text, "outbound", "output", "oif", group.InOrder(inbound: false), tags);
        return text.Append("}\n").ToString();
    }

    private static void AppendChain(StringBuilder text, string name, string hook, string device, IEnumerable<SecurityRule> rules, ServiceTags tags)
    {
        text.Append(CultureInfo.InvariantCulture, $"chain {name} {{\ntype filter hook {hook} priority 0; policy drop;\n");
        // What an interface says to itself is no traffic of the network, and a connection that has been let pass goes on.
        text.Append(CultureInfo.InvariantCulture, $"{device} \"lo\" accept\nct state established,related accept\n");
        foreach (var rule in rules)
        {
            foreach (var from in rule.From)
            {
                foreach (var to in rule.To)
                {
                    string?[] parts =
                    [
                        Address("saddr", tags.Resolve(from)), Address("daddr", tags.Resolve(to)), Ports(rule), rule.Allows ? "accept" : "drop",
                        $"comment \"{rule.Name}\"",
                    ];
                    text.AppendJoin(' ', parts.Where(part => part is not null)).Append('\n');
                }
            }
        }

        text.Append("}\n");
    }

    private static string? Address(string field, AddressSet set) => set.Ranges is []
        ? null
        : $"ip {field} {(set.AllOthers ? "!= " : "")}{{ {string.Join(", ", set.Ranges)} }}";

    private static string? Ports(SecurityRule rule)
    {
        var protocol = rule.Protocol.ToLowerInvariant();
        if (rule.Ports.Contains(PortRange.All))
        {
            return protocol == "*" ? null : $"meta l4proto {protocol}";
        }

        var ports = string.Join(", ", rule.Ports.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
        return $"meta l4proto {(protocol == "*" ? "{ tcp, udp }" : protocol)} th dport {{ {ports} }}";
    }
}

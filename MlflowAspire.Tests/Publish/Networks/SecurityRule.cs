using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>A rule of a network security group.</summary>
/// <param name="Name">The name.</param>
/// <param name="Priority">The rule with the lowest number that matches decides.</param>
/// <param name="IsInbound">Whether it is about what comes in, or what goes out.</param>
/// <param name="Allows">Whether what matches passes.</param>
/// <param name="Protocol"><c>Tcp</c>, <c>Udp</c>, <c>Icmp</c> or <c>*</c>.</param>
/// <param name="From">The prefixes of those who call.</param>
/// <param name="To">The prefixes of those who are called.</param>
/// <param name="Ports">The ports that are called.</param>
internal sealed record SecurityRule(
    string Name,
    int Priority,
    bool IsInbound,
    bool Allows,
    string Protocol,
    IReadOnlyList<string> From,
    IReadOnlyList<string> To,
    IReadOnlyList<PortRange> Ports)
{
    /// <summary>Reads a rule of a template.</summary>
    public static SecurityRule Of(JsonObject rule)
    {
        var properties = rule["properties"]!.AsObject();
        if (properties.Any(property => property.Key.EndsWith("ApplicationSecurityGroups", StringComparison.Ordinal))
            || Values("sourcePortRange").Any(range => range != "*"))
        {
            throw new NotSupportedException($"Rule {rule["name"]} names application security groups or the ports of callers, which nothing here evaluates.");
        }

        return new(
            (string)rule["name"]!,
            (int)properties["priority"]!,
            Is("direction", "Inbound", "Outbound"),
            Is("access", "Allow", "Deny"),
            (string)properties["protocol"]!,
            Values("sourceAddressPrefix"),
            Values("destinationAddressPrefix"),
            [.. Values("destinationPortRange").Select(PortRange.Parse)]);

        bool Is(string name, string yes, string no) => (string)properties[name]! is var value && string.Equals(value, yes, StringComparison.OrdinalIgnoreCase)
            || (string.Equals(value, no, StringComparison.OrdinalIgnoreCase) ? false : throw new FormatException($"{name}: {value}"));

        // One value, or a list under a name in the plural.
        IReadOnlyList<string> Values(string name) => properties[name.EndsWith('x') ? $"{name}es" : $"{name}s"] is JsonArray { Count: > 0 } list
            ? [.. list.Select(value => (string)value!)]
            : [(string)properties[name]!];
    }

    /// <summary>Whether it decides about a flow that no rule before it has decided about.</summary>
    public bool Matches(Flow flow, ServiceTags tags) =>
        (Protocol == "*" || string.Equals(Protocol, flow.Protocol, StringComparison.OrdinalIgnoreCase))
        && From.Any(prefix => tags.Resolve(prefix).Contains(flow.From))
        && To.Any(prefix => tags.Resolve(prefix).Contains(flow.To))
        && Ports.Any(range => range.Contains(flow.Port));
}

/// <summary>The first packet of a connection.</summary>
/// <param name="From">Who calls.</param>
/// <param name="To">Who is called.</param>
/// <param name="Port">The port that is called.</param>
/// <param name="Protocol">The protocol.</param>
internal sealed record Flow(IPAddress From, IPAddress To, int Port, string Protocol = "Tcp");

/// <summary>Ports from the first to the last.</summary>
internal sealed record PortRange(int First, int Last)
{
    public static PortRange All { get; } = new(0, 65535);

    /// <summary>A port, a range such as <c>9000-9100</c>, or <c>*</c>.</summary>
    public static PortRange Parse(string text)
    {
        if (text == "*")
        {
            return All;
        }

        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToList();
        return new(ends[0], ends[^1]);
    }

    public bool Contains(int port) => First <= port && port <= Last;
}

using System.Net;
using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>The evaluation of network security groups that other tests rely on, by what Azure documents of it.</summary>
[Trait("Category", "Publish")]
public sealed class SecurityGroupTests
{
    private static readonly ServiceTags s_tags = new([IPNetwork.Parse("10.0.0.0/16")]);

    /// <summary>Inbound, from, to, port, protocol, the rule of Azure's own that decides.</summary>
    public static TheoryData<bool, string, string, int, string, string> Defaults => new()
    {
        { true, "10.0.1.1", "10.0.2.1", 22, "Tcp", "AllowVnetInBound" },
        { true, ServiceTags.Platform, "10.0.2.1", 22, "Udp", "AllowVnetInBound" },
        { true, "203.0.113.9", "10.0.2.1", 443, "Tcp", "DenyAllInBound" },
        { false, "10.0.1.1", "10.0.2.1", 22, "Icmp", "AllowVnetOutBound" },
        { false, "10.0.1.1", "203.0.113.9", 22, "Tcp", "AllowInternetOutBound" },
        { false, "10.0.1.1", ServiceTags.AddressOf("Storage"), 443, "Tcp", "AllowInternetOutBound" },
    };

    [Theory]
    [MemberData(nameof(Defaults))]
    public void Azures_own_rules_decide_what_no_other_does(bool inbound, string from, string to, int port, string protocol, string rule) =>
        Assert.Equal(rule, Decide([], inbound, from, to, port, protocol).Name);

    [Fact]
    public void Lowest_number_decides_whatever_the_order()
    {
        var rules = new[] { Rule("last", 300, "Deny"), Rule("first", 100, "Allow"), Rule("second", 200, "Deny") };

        Assert.Equal("first", Decide(rules, inbound: true, "203.0.113.9", "10.0.2.1", 443).Name);
        Assert.Equal("AllowInternetOutBound", Decide(rules, inbound: false, "10.0.2.1", "203.0.113.9", 443).Name);
    }

    [Theory]
    [InlineData("*", "Udp", true)]
    [InlineData("Tcp", "Tcp", true)]
    [InlineData("tcp", "Tcp", true)]
    [InlineData("Tcp", "Udp", false)]
    public void Protocol_is_one_or_all(string protocol, string called, bool matches) =>
        Assert.Equal(matches, Decides(Rule("rule", 100, "Allow", protocol: protocol), "203.0.113.9", 443, called));

    [Theory]
    [InlineData("""{ "destinationPortRange": "443" }""", 443, true)]
    [InlineData("""{ "destinationPortRange": "443" }""", 444, false)]
    [InlineData("""{ "destinationPortRanges": ["22", "9000-9100"] }""", 9000, true)]
    [InlineData("""{ "destinationPortRanges": ["22", "9000-9100"] }""", 9100, true)]
    [InlineData("""{ "destinationPortRanges": ["22", "9000-9100"] }""", 9101, false)]
    [InlineData("""{ "destinationPortRange": "*" }""", 1, true)]
    public void Ports_are_one_a_range_or_some_of_these(string ports, int port, bool matches) =>
        Assert.Equal(matches, Decides(Rule("rule", 100, "Allow", ports: ports), "203.0.113.9", port));

    [Theory]
    [InlineData("""{ "sourceAddressPrefix": "203.0.113.0/24" }""", "203.0.113.9", true)]
    [InlineData("""{ "sourceAddressPrefix": "203.0.113.9" }""", "203.0.113.10", false)]
    [InlineData("""{ "sourceAddressPrefixes": ["192.0.2.0/24", "203.0.113.0/24"] }""", "203.0.113.9", true)]
    [InlineData("""{ "sourceAddressPrefix": "Internet" }""", "203.0.113.9", true)]
    [InlineData("""{ "sourceAddressPrefix": "Internet" }""", "198.51.100.16", true)]
    [InlineData("""{ "sourceAddressPrefix": "Internet" }""", "10.0.1.1", false)]
    [InlineData("""{ "sourceAddressPrefix": "internet" }""", "203.0.113.9", true)]
    [InlineData("""{ "sourceAddressPrefix": "Storage" }""", "198.51.100.16", true)]
    [InlineData("""{ "sourceAddressPrefix": "Storage" }""", "198.51.100.32", false)]
    [InlineData("""{ "sourceAddressPrefix": "AzureLoadBalancer" }""", ServiceTags.Platform, true)]
    public void Callers_are_ranges_or_service_tags(string callers, string from, bool matches) =>
        Assert.Equal(matches, Decides(Rule("rule", 100, "Allow", callers: callers), from, 443));

    [Theory]
    [InlineData("""{ "sourceAddressPrefix": "AzureUnheardOf" }""")]
    [InlineData("""{ "sourceApplicationSecurityGroups": [{ "id": "a" }] }""")]
    [InlineData("""{ "sourcePortRange": "1024-65535" }""")]
    public void What_nothing_here_evaluates_is_refused(string callers) =>
        Assert.Throws<NotSupportedException>(() => Decides(Rule("rule", 100, "Allow", callers: callers), "203.0.113.9", 443));

    private static bool Decides(JsonObject rule, string from, int port, string protocol = "Tcp") =>
        Decide([rule], inbound: true, from, "10.0.2.1", port, protocol).Name == (string)rule["name"]!;

    private static SecurityRule Decide(IEnumerable<JsonObject> rules, bool inbound, string from, string to, int port, string protocol = "Tcp") =>
        new SecurityGroup("group", [.. rules.Select(SecurityRule.Of)]).Decide(inbound, new(IPAddress.Parse(from), IPAddress.Parse(to), port, protocol), s_tags);

    /// <summary>An inbound rule for all, but for what is given.</summary>
    private static JsonObject Rule(string name, int priority, string access, string protocol = "*", string callers = "{}", string ports = "{}")
    {
        var properties = new JsonObject
        {
            ["access"] = access,
            ["direction"] = "Inbound",
            ["priority"] = priority,
            ["protocol"] = protocol,
            ["sourceAddressPrefix"] = "*",
            ["sourcePortRange"] = "*",
            ["destinationAddressPrefix"] = "*",
            ["destinationPortRange"] = "*",
        };
        foreach (var (key, value) in JsonNode.Parse(callers)!.AsObject().Concat(JsonNode.Parse(ports)!.AsObject()))
        {
            properties[key] = value!.DeepClone();
        }

        return new() { ["name"] = name, ["properties"] = properties };
    }
}

namespace MlflowAspire.Tests.Publish;

/// <summary>A network security group, with the rules that every group of Azure has behind its own.</summary>
/// <param name="Name">The name.</param>
/// <param name="Rules">The rules.</param>
internal sealed record SecurityGroup(string Name, IReadOnlyList<SecurityRule> Rules)
{
    private static readonly SecurityRule[] s_defaults =
    [
        Default("AllowVnetInBound", 65000, isInbound: true, allows: true, "VirtualNetwork", "VirtualNetwork"),
        Default("AllowAzureLoadBalancerInBound", 65001, isInbound: true, allows: true, "AzureLoadBalancer", "*"),
        Default("DenyAllInBound", 65500, isInbound: true, allows: false, "*", "*"),
        Default("AllowVnetOutBound", 65000, isInbound: false, allows: true, "VirtualNetwork", "VirtualNetwork"),
        Default("AllowInternetOutBound", 65001, isInbound: false, allows: true, "*", "Internet"),
        Default("DenyAllOutBound", 65500, isInbound: false, allows: false, "*", "*"),
    ];

    /// <summary>A group that is published.</summary>
    public static SecurityGroup Of(DeployedResource group) => new(group.Name, [.. group.List("properties.securityRules").Select(SecurityRule.Of)]);

    /// <summary>The rules of a direction in the order in which they are looked at.</summary>
    public IEnumerable<SecurityRule> InOrder(bool inbound) =>
        Rules.Concat(s_defaults).Where(rule => rule.IsInbound == inbound).OrderBy(rule => rule.Priority);

    /// <summary>The rule that decides about a flow.</summary>
    public SecurityRule Decide(bool inbound, Flow flow, ServiceTags tags) => InOrder(inbound).First(rule => rule.Matches(flow, tags));

    /// <summary>The group without the rules of a name.</summary>
    public SecurityGroup Without(string rule)
    {
        Assert.Contains(Rules, other => other.Name == rule);
        return this with { Rules = [.. Rules.Where(other => other.Name != rule)] };
    }

    private static SecurityRule Default(string name, int priority, bool isInbound, bool allows, string from, string to) =>
        new(name, priority, isInbound, allows, "*", [from], [to], [PortRange.All]);
}

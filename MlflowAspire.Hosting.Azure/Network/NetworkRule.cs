using Azure.Provisioning;
using Azure.Provisioning.Network;

namespace MlflowAspire.Hosting.Azure;

/// <summary>A rule of a network security group.</summary>
/// <param name="Name">The name, unique in its group.</param>
/// <param name="Direction">Whether it is about what comes into the subnet or goes out of it.</param>
/// <param name="From">The addresses that call: a range, a service tag or <c>*</c>.</param>
/// <param name="To">The addresses that are called.</param>
/// <param name="Description">Who calls whom, and why.</param>
/// <param name="Ports">The ports that are called, ranges of them, or <c>*</c>.</param>
internal sealed record NetworkRule(string Name, SecurityRuleDirection Direction, string From, string To, string Description, params string[] Ports)
{
    /// <summary>The protocol; TCP unless it is set.</summary>
    public SecurityRuleProtocol Protocol { get; init; } = SecurityRuleProtocol.Tcp;

    /// <summary>The rule as a part of its group.</summary>
    public SecurityRule ToSecurityRule(SecurityRuleAccess access, int priority)
    {
        var rule = new SecurityRule(Infrastructure.NormalizeBicepIdentifier(Name))
        {
            Name = Name,
            Description = Description,
            Priority = priority,
            Direction = Direction,
            Access = access,
            Protocol = Protocol,
            SourceAddressPrefix = From,
            SourcePortRange = "*",
            DestinationAddressPrefix = To,
        };
        if (Ports is [var port])
        {
            rule.DestinationPortRange = port;
        }
        else
        {
            rule.DestinationPortRanges = [.. Ports];
        }

        return rule;
    }
}

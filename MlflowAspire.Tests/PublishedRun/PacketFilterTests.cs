using System.Net;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>How a network security group reads as a packet filter.</summary>
[Trait("Category", "Publish")]
public sealed class PacketFilterTests
{
    private static readonly ServiceTags s_tags = new([IPNetwork.Parse("10.0.0.0/16")]);

    [Fact]
    public void Rules_come_in_the_order_of_their_priorities_with_azures_own_behind_them()
    {
        var group = new SecurityGroup("group",
        [
            new("rest", 4096, IsInbound: true, Allows: false, "*", ["*"], ["*"], [PortRange.All]),
            new("callers", 100, IsInbound: true, Allows: true, "Tcp", ["10.0.0.0/23", "Storage"], ["10.0.2.0/27"], [new(443, 443), new(9000, 9100)]),
            new("names", 100, IsInbound: false, Allows: true, "*", ["*"], ["Internet"], [new(53, 53)]),
        ]);

        Assert.Equal(
            """
            table inet security_group
            delete table inet security_group
            table inet security_group {
            chain inbound {
            type filter hook input priority 0; policy drop;
            iif "lo" accept
            ct state established,related accept
            ip saddr { 10.0.0.0/23 } ip daddr { 10.0.2.0/27 } meta l4proto tcp th dport { 443, 9000-9100 } accept comment "callers"
            ip saddr { 198.51.100.16/28 } ip daddr { 10.0.2.0/27 } meta l4proto tcp th dport { 443, 9000-9100 } accept comment "callers"
            drop comment "rest"
            ip saddr { 10.0.0.0/16, 168.63.129.16/32 } ip daddr { 10.0.0.0/16, 168.63.129.16/32 } accept comment "AllowVnetInBound"
            ip saddr { 168.63.129.16/32 } accept comment "AllowAzureLoadBalancerInBound"
            drop comment "DenyAllInBound"
            }
            chain outbound {
            type filter hook output priority 0; policy drop;
            oif "lo" accept
            ct state established,related accept
            ip daddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 168.63.129.16/32 } meta l4proto { tcp, udp } th dport { 53 } accept comment "names"
            ip saddr { 10.0.0.0/16, 168.63.129.16/32 } ip daddr { 10.0.0.0/16, 168.63.129.16/32 } accept comment "AllowVnetOutBound"
            ip daddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 168.63.129.16/32 } accept comment "AllowInternetOutBound"
            drop comment "DenyAllOutBound"
            }
            }

            """.ReplaceLineEndings("\n"),
            PacketFilter.Of(group, s_tags));
    }

    [Fact]
    public void No_group_filters_nothing() =>
        Assert.Equal("table inet security_group\ndelete table inet security_group\n", PacketFilter.Of(group: null, s_tags));
}

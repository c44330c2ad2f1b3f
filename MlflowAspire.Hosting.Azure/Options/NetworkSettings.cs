using System.Buffers.Binary;
using System.Net;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings <c>Mlflow:Network:*</c>: the virtual network and its address ranges.</summary>
public sealed partial record NetworkSettings
{
    private static readonly IPNetwork DefaultSpace = IPNetwork.Parse("10.0.0.0/16");

    // Container Apps uses these addresses itself.
    private static readonly IPNetwork Reserved = IPNetwork.Parse("172.30.0.0/15");

    /// <summary>Whether the network is deployed or exists (<c>Mlflow:Network:Mode</c>, default <c>new</c>).</summary>
    public NetworkMode Mode { get; init; }

    /// <summary>The addresses of the network (<c>Mlflow:Network:AddressSpace</c>, default 10.0.0.0/16), or a part of an existing one.</summary>
    public IPNetwork AddressSpace { get; init; } = DefaultSpace;

    /// <summary>The addresses of <c>aca-infra-subnet</c> (<c>Mlflow:Network:ContainerAppsSubnet</c>), 32 or more, 512 by default.</summary>
    public IPNetwork ContainerAppsSubnet { get; init; } = Part(DefaultSpace, 0, 23);

    /// <summary>The addresses of <c>db-subnet</c> (<c>Mlflow:Network:DatabaseSubnet</c>), 16 or more, 32 by default.</summary>
    public IPNetwork DatabaseSubnet { get; init; } = Part(DefaultSpace, 512, 27);

    /// <summary>The addresses of <c>private-endpoints</c> (<c>Mlflow:Network:PrivateEndpointsSubnet</c>), 16 or more, 32 by default.</summary>
    public IPNetwork PrivateEndpointsSubnet { get; init; } = Part(DefaultSpace, 544, 27);

    /// <summary>The name of the subnet of the Container Apps environment, where it exists (<c>Mlflow:Network:ContainerAppsSubnetName</c>).</summary>
    public string ContainerAppsSubnetName { get; init; } = "aca-infra-subnet";

    /// <summary>The name of the subnet of PostgreSQL, where it exists (<c>Mlflow:Network:DatabaseSubnetName</c>).</summary>
    public string DatabaseSubnetName { get; init; } = "db-subnet";

    /// <summary>The name of the subnet of the private endpoints, where it exists (<c>Mlflow:Network:PrivateEndpointsSubnetName</c>).</summary>
    public string PrivateEndpointsSubnetName { get; init; } = "private-endpoints";

    /// <summary>
    /// The resource group of existing private DNS zones that the private endpoints are registered in (<c>Mlflow:Network:DnsZonesGroup</c>, default none), after
    /// the id of its subscription and a slash where that is another one. Whoever owns the zones links them to the network.
    /// </summary>
    public string? DnsZonesGroup { get; init; }

    /// <summary>
    /// The IPv4 ranges that operators come from (<c>Mlflow:Network:OperatorRanges</c>, default none), such as a peered network or a VPN: they reach PostgreSQL
    /// and the private endpoints.
    /// </summary>
    public IReadOnlyList<IPNetwork> OperatorRanges { get; init; } = [];

    /// <summary>
    /// Where the queue of jobs listens (<c>Mlflow:Network:JobQueue</c>, default <c>VirtualNetwork:6380</c>): the range or the service tag that the Redis of the
    /// parameter <c>job-queue-url</c> is in, and the port of its URL.
    /// </summary>
    public OutboundTrafficAnnotation JobQueue { get; init; } = new("job-queue", "6380") { Destination = "VirtualNetwork" };

    /// <summary>What operators let pass beside what MLflow needs (<c>Mlflow:Network:Rules:*</c>).</summary>
    public IReadOnlyList<OperatorRule> Rules { get; init; } = [];

    /// <summary>Reads the settings and checks that the ranges fit each other.</summary>
    internal static NetworkSettings Read(SettingsSection section)
    {
        var space = Range(section, nameof(AddressSpace), DefaultSpace, longestPrefix: 24);
        List<(string Key, IPNetwork Range)> taken = [];
        var containerApps = Subnet(section, nameof(ContainerAppsSubnet), Part(space, 0, 23), longestPrefix: 27, space, taken);
        var database = Subnet(section, nameof(DatabaseSubnet), Part(space, 512, 27), longestPrefix: 28, space, taken);
        var privateEndpoints = Subnet(section, nameof(PrivateEndpointsSubnet), Part(space, 544, 27), longestPrefix: 28, space, taken);
        var mode = section.Choice($"Network:{nameof(Mode)}", NetworkMode.New);
        return new()
        {
            Mode = mode,
            AddressSpace = space,
            ContainerAppsSubnet = containerApps,
            DatabaseSubnet = database,
            PrivateEndpointsSubnet = privateEndpoints,
            ContainerAppsSubnetName = SubnetName(section, mode, nameof(ContainerAppsSubnetName), "aca-infra-subnet"),
            DatabaseSubnetName = SubnetName(section, mode, nameof(DatabaseSubnetName), "db-subnet"),
            PrivateEndpointsSubnetName = SubnetName(section, mode, nameof(PrivateEndpointsSubnetName), "private-endpoints"),
            DnsZonesGroup = ReadDnsZonesGroup(section),
            OperatorRanges = ReadOperatorRanges(section),
            JobQueue = ReadJobQueue(section),
            Rules = OperatorRule.Read(section, new Dictionary<string, IPNetwork>
            {
                ["container-apps"] = containerApps,
                ["database"] = database,
                ["private-endpoints"] = privateEndpoints,
            }),
        };
    }

    private static OutboundTrafficAnnotation ReadJobQueue(SettingsSection section)
    {
        var value = section.Text($"Network:{nameof(JobQueue)}") ?? "VirtualNetwork:6380";
        if (value.Split(':') is [var addresses, var port] && OperatorRule.IsAddress(addresses) && OperatorRule.IsPorts(port))
        {
            return new("job-queue", port) { Destination = addresses };
        }

        section.Reject(
            $"Network:{nameof(JobQueue)}", value,
            "an IPv4 range or a service tag, and the port of the queue's URL, such as '10.0.8.4/32:10000' or 'VirtualNetwork:6380'");
        return new("job-queue", "6380");
    }

    /// <summary>Checks that the settings fit each other.</summary>
    internal void Check(Mistakes mistakes)
    {
        if (Mode is not NetworkMode.ExistingSubnets)
        {
            return;
        }

        const string owner = "none while Mlflow:Network:Mode is existing-subnets: whoever owns the subnets has their rules";
        if (OperatorRanges.Count > 0)
        {
            mistakes.Reject($"Network:{nameof(OperatorRanges)}", string.Join(',', OperatorRanges), owner);
        }

        foreach (var rule in Rules)
        {
            mistakes.Reject($"Network:{nameof(Rules)}:{rule.Name}", $"{rule.From} -> {rule.To}", owner);
        }
    }

    private static string SubnetName(SettingsSection section, NetworkMode mode, string name, string fallback)
    {
        if (section.NonEmptyText($"Network:{name}") is not { } value)
        {
            return fallback;
        }

        if (mode is not NetworkMode.ExistingSubnets || !AzureName().IsMatch(value))
        {
            section.Reject($"Network:{name}", value, "the name of an existing subnet, with Mlflow:Network:Mode=existing-subnets");
        }

        return value;
    }

    private static string? ReadDnsZonesGroup(SettingsSection section)
    {
        if (section.NonEmptyText($"Network:{nameof(DnsZonesGroup)}") is not { } value)
        {
            return null;
        }

        var isGroup = value.Split('/') is [.. var subscription, var group] && AzureName().IsMatch(group)
            && (subscription is [] || (subscription is [var id] && Guid.TryParse(id, out _)));
        if (!isGroup)
        {
            section.Reject(
                $"Network:{nameof(DnsZonesGroup)}",
                value,
                "the resource group of the private DNS zones, such as 'rg-dns', after the id of its subscription and a slash where that is another one");
        }

        return value;
    }

    private static List<IPNetwork> ReadOperatorRanges(SettingsSection section)
    {
        List<IPNetwork> ranges = [];
        foreach (var value in section.List($"Network:{nameof(OperatorRanges)}"))
        {
            if (IPNetwork.TryParse(value, out var range) && range.ToString() == value && PrivateRanges.All.Any(all => Contains(all, range)))
            {
                ranges.Add(range);
            }
            else
            {
                section.Reject($"Network:{nameof(OperatorRanges)}", value, "private IPv4 ranges in CIDR notation, separated by commas, such as '10.9.0.0/24'");
            }
        }

        return ranges;
    }

    // Of subnets and resource groups, whose rules are nearly the same.
    [GeneratedRegex(@"^[A-Za-z0-9_(][A-Za-z0-9_.()-]{0,88}$")]
    private static partial Regex AzureName();

    private static IPNetwork Subnet(
        SettingsSection section, string name, IPNetwork fallback, int longestPrefix, IPNetwork space, List<(string Key, IPNetwork Range)> taken)
    {
        var range = Range(section, name, fallback, longestPrefix);
        if (!Contains(space, range))
        {
            section.Reject($"Network:{name}", range, $"a range within Mlflow:Network:{nameof(AddressSpace)}, which is {space}");
        }
        else if (taken.Find(other => Overlap(other.Range, range)) is { Key: { } key } other)
        {
            section.Reject($"Network:{name}", range, $"a range that does not overlap Mlflow:Network:{key}, which is {other.Range}");
        }

        taken.Add((name, range));
        return range;
    }

    private static IPNetwork Range(SettingsSection section, string name, IPNetwork fallback, int longestPrefix)
    {
        if (section.Text($"Network:{name}") is not { } value)
        {
            return fallback;
        }

        // A range that does not start where it says is a slip: 10.0.1.0/16.
        if (IPNetwork.TryParse(value, out var range) && range.ToString() == value && range.PrefixLength <= longestPrefix
            && PrivateRanges.All.Any(all => Contains(all, range)) && !Overlap(Reserved, range))
        {
            return range;
        }

        section.Reject(
            $"Network:{name}", value, $"a private range in CIDR notation with a prefix up to /{longestPrefix}, outside of {Reserved}, such as {fallback}");
        return fallback;
    }

    /// <summary>A range that starts at an offset from the first address of another.</summary>
    private static IPNetwork Part(IPNetwork space, uint offset, int prefixLength)
    {
        var address = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(address, BinaryPrimitives.ReadUInt32BigEndian(space.BaseAddress.GetAddressBytes()) + offset);
        return new(new IPAddress(address), prefixLength);
    }

    private static bool Contains(IPNetwork outer, IPNetwork inner) => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    private static bool Overlap(IPNetwork one, IPNetwork other) => Contains(one, other) || Contains(other, one);
}

using System.Globalization;
using System.Net;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>
/// An interface of the virtual network with its address, its routes and the rules of its subnet, in a container that does nothing else. A container that has
/// the interface has its network namespace, and no right to change it.
/// </summary>
/// <param name="Name">What it is called in a test.</param>
/// <param name="Address">Its address.</param>
/// <param name="Group">The rules that it is under; null for none.</param>
/// <param name="Container">The container that holds it.</param>
internal sealed record NetworkInterface(string Name, IPAddress Address, SecurityGroup? Group, IContainer Container)
{
    /// <summary>Puts other rules in place of its own.</summary>
    public async Task EnforceAsync(SecurityGroup? group, ServiceTags tags) =>
        await ExecAsync("sh", "-c", "printf '%s' \"$1\" | nft -f -", "sh", PacketFilter.Of(group, tags));

    /// <summary>Connects from here to addresses with ports, all at once.</summary>
    /// <returns>
    /// For each, <c>connected</c>, <c>refused</c> or <c>blocked</c>: refused by a host where nobody listens there, which the packets have reached; blocked when
    /// nothing comes back.
    /// </returns>
    public async Task<IReadOnlyDictionary<string, string>> ConnectAsync(IEnumerable<string> targets, TimeSpan limit)
    {
        var lines = await ExecAsync(["python3", "/connect.py", limit.TotalSeconds.ToString(CultureInfo.InvariantCulture), .. targets]);
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).ToDictionary(line => line[0], line => line[1]);
    }

    private async Task<string> ExecAsync(params string[] command)
    {
        var result = await Container.ExecAsync(command);
        Assert.True(result.ExitCode == 0, $"{command[0]} at {Name} ended with {result.ExitCode}: {result.Stderr}");
        return result.Stdout;
    }
}

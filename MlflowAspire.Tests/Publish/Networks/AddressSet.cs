using System.Net;

namespace MlflowAspire.Tests.Publish;

/// <summary>The addresses that a prefix of a security rule stands for: those of some ranges, or all others.</summary>
/// <param name="Ranges">The ranges.</param>
/// <param name="AllOthers">Whether all addresses outside of the ranges are meant.</param>
internal sealed record AddressSet(IReadOnlyList<IPNetwork> Ranges, bool AllOthers = false)
{
    public static AddressSet Everything { get; } = new([], AllOthers: true);

    public bool Contains(IPAddress address) => Ranges.Any(range => range.Contains(address)) != AllOthers;
}

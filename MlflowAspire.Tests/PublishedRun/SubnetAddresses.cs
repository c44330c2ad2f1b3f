using System.Buffers.Binary;
using System.Net;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The addresses of a subnet, given out one after the other. As in Azure the first ones are the network's own.</summary>
internal sealed class SubnetAddresses(PublishedSubnet subnet)
{
    private uint _last = 3;

    public PublishedSubnet Subnet => subnet;

    /// <summary>What leads out of the subnet.</summary>
    public IPAddress Gateway => At(subnet.Range, 1);

    /// <summary>What this machine has in the Docker network.</summary>
    public IPAddress Host => At(subnet.Range, 2);

    public IPAddress Next() => At(subnet.Range, ++_last);

    /// <summary>The address at an offset from the first of a range.</summary>
    public static IPAddress At(IPNetwork range, uint offset)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) + offset);
        return new(bytes);
    }
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Lets other machines and containers outside of the app host reach the server, in a local run: it listens at an address of this machine and not only at
    /// its loopback address, and may be called by that address. At <c>0.0.0.0</c> it listens at all of them, and may be called by each, by the machine's name
    /// and by <c>host.docker.internal</c>. Whoever reaches it may do everything unless users sign in.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="address">An IPv4 address of this machine, or <c>0.0.0.0</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">It is no IPv4 address.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithBindAddress(this IResourceBuilder<MlflowServerResource> builder, string address)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(address);
        Rules.BindAddress.Require(address, nameof(address));
        var parsed = IPAddress.Parse(address);
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode || IPAddress.IsLoopback(parsed))
        {
            return builder;
        }

        return builder
            .WithEndpoint(MlflowServerResource.PrimaryEndpointName, endpoint => endpoint.TargetHost = address)
            .WithAllowedHosts(parsed.Equals(IPAddress.Any) ? [Dns.GetHostName(), "host.docker.internal", .. MachineAddresses()] : [address]);
    }

    private static IEnumerable<string> MachineAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus is OperationalStatus.Up)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .Where(address => address.AddressFamily is AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
        .Select(address => address.ToString())
        .Distinct();
}

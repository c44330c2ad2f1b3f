using System.Net;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using DotNet.Testcontainers.Networks;
using MlflowAspire.Tests.Image;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>
/// The virtual network of a deployment on this machine: a Docker network for each published subnet and one for neighbours in the virtual network, a router
/// between them, which also is the internet, and interfaces that enforce the rules of their subnets.
/// </summary>
internal sealed class PublishedTopology : IAsyncDisposable
{
    /// <summary>The part of the address space for others than the deployment, such as those who use MLflow from a machine in the network.</summary>
    public const string Neighbours = "neighbours";

    private readonly PublishedNetwork _network;
    private readonly Dictionary<string, (SubnetAddresses Addresses, INetwork Docker)> _subnets;
    private readonly List<IContainer> _containers = [];
    private IFutureDockerImage _image = null!;

    private PublishedTopology(PublishedNetwork network)
    {
        _network = network;
        _subnets = network.Subnets.Append(NeighboursOf(network)).Select(subnet => new SubnetAddresses(subnet)).ToDictionary(
            addresses => addresses.Subnet.Id,
            addresses => (addresses, DockerNetwork(addresses)));
    }

    /// <summary>The internet: the addresses of <see cref="ServiceTags"/>. It calls from one that is no service of Azure.</summary>
    public NetworkInterface Internet { get; private set; } = null!;

    /// <summary>Makes the networks and the router.</summary>
    public static async Task<PublishedTopology> CreateAsync(PublishedNetwork network)
    {
        var topology = new PublishedTopology(network);
        try
        {
            await topology.StartAsync();
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }

        return topology;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_containers.Select(container => container.DisposeAsync().AsTask()));
        await Task.WhenAll(_subnets.Values.Select(subnet => subnet.Docker.DisposeAsync().AsTask()));
    }

    /// <summary>An address of a subnet for a new interface.</summary>
    /// <param name="subnet">The resource id of the subnet, or <see cref="Neighbours"/>.</param>
    public IPAddress NextAddress(string subnet) => _subnets[subnet].Addresses.Next();

    /// <summary>
    /// Adds the address that a load balancer of Azure probes its servers from, the same in every network: it is behind an interface of the neighbours.
    /// </summary>
    public async Task<NetworkInterface> AddLoadBalancerAsync()
    {
        var (addresses, docker) = _subnets[Neighbours];
        var via = addresses.Next();
        var container = await StartAsync(Privileged(docker, via)
            .WithEnvironment("ADDRESS", ServiceTags.Platform)
            .WithEnvironment("GATEWAY", addresses.Gateway.ToString()));
        await DockerCli.RunAsync("exec", Internet.Container.Id, "ip", "route", "add", ServiceTags.Platform, "via", via.ToString());
        return new("load-balancer", IPAddress.Parse(ServiceTags.Platform), Group: null, container);
    }

    /// <summary>Adds an interface that enforces the rules of its subnet from its start.</summary>
    /// <param name="name">What it is called in a test.</param>
    /// <param name="address">Its address.</param>
    /// <param name="hosts">The names that its containers know.</param>
    /// <param name="isEndpoint">Whether it is a private endpoint, which the rules may not be about.</param>
    /// <param name="ports">Ports that this machine reaches.</param>
    public async Task<NetworkInterface> AddAsync(
        string name, IPAddress address, IReadOnlyDictionary<string, IPAddress> hosts, bool isEndpoint = false, params int[] ports)
    {
        var (addresses, docker) = _subnets.Values.Single(subnet => subnet.Addresses.Subnet.Range.Contains(address));
        var group = isEndpoint && !addresses.Subnet.BindsPrivateEndpoints ? null : addresses.Subnet.Group;
        var builder = Privileged(docker, address)
            .WithEnvironment("RULES", PacketFilter.Of(group, _network.Tags))
            .WithEnvironment("GATEWAY", addresses.Gateway.ToString());
        builder = hosts.Aggregate(builder, (all, host) => all.WithExtraHost(host.Key, host.Value.ToString()));
        builder = ports.Aggregate(builder, (all, port) => all.WithPortBinding(port, assignRandomHostPort: true));
        return new(name, address, group, await StartAsync(builder));
    }

    private async Task StartAsync()
    {
        _image = new ImageFromDockerfileBuilder()
            .WithDockerfileDirectory(Path.Combine(AppContext.BaseDirectory, "PublishedRun", "Servers", "interface"))
            .WithName("mlflow-aspire-network-interface:tests")
            .WithDeleteIfExists(false)
            .WithCleanUp(false)
            .Build();
        await _image.CreateAsync();
        await Task.WhenAll(_subnets.Values.Select(subnet => subnet.Docker.CreateAsync()));

        var (first, others) = (_subnets.Values.First(), _subnets.Values.Skip(1));
        var router = await StartAsync(Privileged(first.Docker, first.Addresses.Gateway)
            .WithCreateParameterModifier(parameters => parameters.HostConfig!.Sysctls = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" }));
        foreach (var (addresses, docker) in others)
        {
            // Docker engines before 25 refuse two networks in one call.
            await DockerCli.RunAsync("network", "connect", "--ip", addresses.Gateway.ToString(), docker.Name, router.Id);
        }

        Internet = new("internet", IPAddress.Parse(ServiceTags.Elsewhere), Group: null, router);
        await DockerCli.RunAsync(["exec", router.Id, "sh", "/internet.sh", .. ServiceTags.Addresses]);
    }

    private ContainerBuilder Privileged(INetwork network, IPAddress address) => new ContainerBuilder(_image)
        .WithNetwork(network)
        .WithCreateParameterModifier(parameters =>
        {
            parameters.HostConfig!.CapAdd = ["NET_ADMIN"];
            // Its process has nothing to end in good order.
            parameters.HostConfig.Init = true;
            parameters.NetworkingConfig!.EndpointsConfig[network.Name].IPAMConfig = new EndpointIPAMConfig { IPv4Address = address.ToString() };
        })
        .WithWaitStrategy(Wait.ForUnixContainer().UntilExists("/ready"));

    private async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        var container = builder.Build();
        lock (_containers)
        {
            _containers.Add(container);
        }

        await container.StartAsync();
        return container;
    }

    /// <summary>A network without a way out of its own.</summary>
    private static INetwork DockerNetwork(SubnetAddresses addresses) => new NetworkBuilder()
        .WithOption("com.docker.network.bridge.enable_ip_masquerade", "false")
        .WithCreateParameterModifier(parameters => parameters.IPAM = new IPAM
        {
            Config = [new IPAMConfig { Subnet = addresses.Subnet.Range.ToString(), Gateway = addresses.Host.ToString() }],
        })
        .Build();

    private static PublishedSubnet NeighboursOf(PublishedNetwork network) =>
        new(Neighbours, Neighbours, AddressSpace.NeighboursOf(network.Space[0]), Group: null, BindsPrivateEndpoints: false);
}

using System.Net;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>Who reaches whom in the running network: what the published rules let pass, and nothing else.</summary>
[Collection(PublishedRunCollection.Name)]
[Trait("Category", "PublishedRun")]
public sealed class TopologyTests(PublishedStack stack)
{
    // Nothing answers a packet that a rule drops. A machine that is busy takes seconds for an answer.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(6);

    // What no group of the deployment is about.
    private static readonly string[] s_beside =
        ["client:22", "client:53", "source:5000", "source:22", "AzureMonitor:443", "Storage:443", "internet:443", "internet:22"];

    [BicepFact]
    public async Task What_azure_would_block_is_blocked_and_the_rest_passes()
    {
        string[] called = ["server:5000", "server:22", "server:30100", "platform:443", "platform:80", "platform:31080", "platform:31443", "postgres:5432",
            "postgres:22", "storage:443", "storage:80", "vault:443", "client:22", "client:53", "source:5000", "source:22", "AzureMonitor:443", "Storage:443",
            "internet:443", "internet:22"];

        var flows = (await Task.WhenAll(stack.Interfaces.Values.Select(from => ConnectAsync(from, called))))
            .SelectMany(all => all).Where(flow => IsBetweenTwo(flow.Key)).ToDictionary();

        Assert.All(flows, flow => Assert.Matches("^(connected|refused|blocked)$", flow.Value));
        string[] passing =
        [
            // The environment: its nodes, PostgreSQL, private endpoints, names, HTTPS, and the server that is imported from.
            .. new[] { "other-server", "platform", "server", "tasks" }.SelectMany(from => Flows(
                from, "server:5000", "server:22", "server:30100", "platform:443", "platform:80", "platform:31080", "platform:31443", "postgres:5432",
                "storage:443", "vault:443", "client:53", "source:5000", "AzureMonitor:443", "Storage:443", "internet:443")),
            // Neighbours in the network: the ingress and the proxy behind it. What they do beside is not MLflow's.
            .. new[] { "client", "load-balancer", "source" }.SelectMany(from => Flows(
                from, ["platform:443", "platform:80", "platform:31080", "platform:31443", .. s_beside])),
            // Probes.
            .. Flows("load-balancer", "server:30100"),
            // Those who are called call nobody, and from the internet there is no way in.
            .. Flows("internet", s_beside),
        ];
        Assert.Equal(
            passing.Where(IsBetweenTwo).Order(StringComparer.Ordinal),
            flows.Where(flow => flow.Value != "blocked").Select(flow => flow.Key).Order(StringComparer.Ordinal));
        // The same as by the evaluation of the model, which the tests of all variants go by.
        Assert.All(flows, flow =>
        {
            var (allowed, reason) = stack.Network.Decide(FlowOf(flow.Key));
            Assert.True(allowed == (flow.Value != "blocked"), $"{flow.Key} is {flow.Value}, and by the model {(allowed ? "allowed" : "denied")} by {reason}.");
        });
    }

    [BicepFact]
    public async Task Without_its_rule_a_flow_is_blocked()
    {
        await WithoutAsync("server", "database", "server -> postgres:5432");
        await WithoutAsync("server", "private-endpoints", "server -> vault:443");
        await WithoutAsync("server", "https", "server -> AzureMonitor:443");
        await WithoutAsync("tasks", "import-source", "tasks -> source:5000");
        await WithoutAsync("postgres", "database", "server -> postgres:5432");
        await WithoutAsync("storage", "private-endpoints", "server -> storage:443");
        await WithoutAsync("platform", "requests", "client -> platform:443");
    }

    [BicepFact]
    public async Task Runs_that_begin_in_the_same_moment_have_networks_of_their_own()
    {
        var spaces = await Task.WhenAll(AddressSpace.TakeAsync(), AddressSpace.TakeAsync());

        Assert.Distinct(spaces.Select(space => space.Range).Append(stack.Network.Space[0]));
        Array.ForEach(spaces, space => space.Dispose());
    }

    private async Task WithoutAsync(string at, string rule, string flow)
    {
        var (from, to) = (stack.Interfaces[flow.Split(" -> ")[0]], flow.Split(" -> ")[1]);
        var changed = stack.Interfaces[at];
        await changed.EnforceAsync(changed.Group!.Without(rule), stack.Network.Tags);
        try
        {
            Assert.Equal("blocked", Assert.Single(await ConnectAsync(from, to)).Value);
        }
        finally
        {
            await changed.EnforceAsync(changed.Group, stack.Network.Tags);
        }

        Assert.NotEqual("blocked", Assert.Single(await ConnectAsync(from, to)).Value);
    }

    private async Task<IReadOnlyDictionary<string, string>> ConnectAsync(NetworkInterface from, params string[] called)
    {
        var names = called.ToDictionary(TargetOf);
        var results = await from.ConnectAsync(names.Keys, s_silence);
        return results.ToDictionary(result => $"{from.Name} -> {names[result.Key]}", result => result.Value);
    }

    private static IEnumerable<string> Flows(string from, params string[] called) => called.Select(to => $"{from} -> {to}");

    // What an interface says to itself passes by no rule; the addresses of the internet have one interface.
    private bool IsBetweenTwo(string flow) =>
        flow.Split(" -> ") is [var from, var to] && to.Split(':')[0] is var name && name != from && (from != "internet" || stack.Interfaces.ContainsKey(name));

    private Flow FlowOf(string flow)
    {
        var (from, target) = (flow.Split(" -> ")[0], TargetOf(flow.Split(" -> ")[1]).Split(':'));
        return new(stack.Interfaces[from].Address, IPAddress.Parse(target[0]), int.Parse(target[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The address of an interface or of a service tag, with the port.</summary>
    private string TargetOf(string called)
    {
        var (name, port) = (called.Split(':')[0], called.Split(':')[1]);
        return $"{(stack.Interfaces.TryGetValue(name, out var at) ? at.Address.ToString() : ServiceTags.AddressOf(name))}:{port}";
    }
}

using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>Whom the server and its tasks call, seen in the packets of their network, where nothing outside answers.</summary>
[Collection(ReplicasCollection.Name)]
[Trait("Category", "Image")]
public class CallsOutsideTests(ReplicasFixture replicas)
{
    [Fact]
    public async Task They_call_what_they_are_told_to_use_and_nobody_else()
    {
        await RunAsync("python", "/scripts/everything.py");
        await RunAsync("python", "/scripts/round_trip.py");
        await RunAsync("mlflow-aspire", "backup", "/tmp/backup.zip");
        await RunAsync("mlflow-aspire", "gc");

        var (names, addresses) = await CallsAsync(replicas.Recorder);
        Assert.Equal(["blobs", "collector", "db", "queue"], names.Except(["provider"]));
        Assert.All(addresses, address => Assert.Matches(@":(4318|5432|6379|8443|10000)$", address));

        // What it would have seen.
        await replicas.First.PythonAsync("import socket; socket.socket().connect_ex(('203.0.113.1', 443)) if socket.setdefaulttimeout(1) is None else None");
        await replicas.First.PythonAsync("import socket\ntry: socket.getaddrinfo('outside.example', 443)\nexcept OSError: pass");
        (names, addresses) = await CallsAsync(replicas.Recorder);
        Assert.Contains("outside.example", names);
        Assert.Contains("203.0.113.1:443", addresses);
    }

    private Task RunAsync(params string[] command) => replicas.First.RunAsync(["env", .. ReplicasFixture.SignIn, "MLFLOW_OPENTELEMETRY=false", .. command]);

    private static async Task<(string[] Names, string[] Addresses)> CallsAsync(IContainer recorder)
    {
        var lines = (await recorder.GetLogsAsync(timestampsEnabled: false)).Stdout.Split('\n');
        return (Of("name "), Of("address "));

        string[] Of(string kind) =>
            [.. lines.Where(line => line.StartsWith(kind, StringComparison.Ordinal)).Select(line => line[kind.Length..]).Order(StringComparer.Ordinal)];
    }
}

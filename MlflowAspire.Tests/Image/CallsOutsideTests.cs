using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>Whom the server and its tasks call, seen in the packets of their network, where nothing outside answers.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class CallsOutsideTests(ImageFixture image)
{
    [Fact]
    public async Task They_call_their_stores_and_nobody_else()
    {
        await using var blobs = await BlobServer.StartAsync(image);
        var database = await image.CreateDatabaseAsync();
        // It has the network that the server joins, so that nothing comes before it.
        await using var recorder = image.Container(image.ImageName, new Dictionary<string, string>(), "python", "/scripts/calls.py")
            .WithNetworkAliases("mlflow")
            .WithCreateParameterModifier(parameters => (parameters.User, parameters.HostConfig!.CapAdd) = ("0", ["NET_ADMIN"]))
            .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("listening"))
            .Build();
        await recorder.StartAsync();
        Dictionary<string, string> settings = new()
        {
            ["MLFLOW_SERVER_MIGRATE"] = "true",
            ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "true",
        };
        await using var server = await MlflowServer.StartAsync(image, settings.Concat(BlobServer.Settings).Concat(database.Environment), container =>
            container.WithCreateParameterModifier(parameters =>
            {
                parameters.HostConfig!.NetworkMode = $"container:{recorder.Id}";
                parameters.NetworkingConfig = null;
            }));

        await server.RunAsync("python", "/scripts/everything.py");
        await server.RunAsync("python", "/scripts/round_trip.py");
        await server.RunAsync("mlflow-aspire", "backup", "/tmp/backup.zip");
        await server.RunAsync("mlflow-aspire", "gc");

        var (names, addresses) = await CallsAsync(recorder);
        Assert.Equal(["blobs", "db"], names);
        Assert.All(addresses, address => Assert.Matches(@":(5432|10000)$", address));

        // What it would have seen.
        await server.PythonAsync("import socket; socket.socket().connect_ex(('203.0.113.1', 443)) if socket.setdefaulttimeout(1) is None else None");
        await server.PythonAsync("import socket\ntry: socket.getaddrinfo('outside.example', 443)\nexcept OSError: pass");
        (names, addresses) = await CallsAsync(recorder);
        Assert.Contains("outside.example", names);
        Assert.Contains("203.0.113.1:443", addresses);
    }

    private static async Task<(string[] Names, string[] Addresses)> CallsAsync(IContainer recorder)
    {
        var lines = (await recorder.GetLogsAsync(timestampsEnabled: false)).Stdout.Split('\n');
        return (Of("name "), Of("address "));

        string[] Of(string kind) =>
            [.. lines.Where(line => line.StartsWith(kind, StringComparison.Ordinal)).Select(line => line[kind.Length..]).Order(StringComparer.Ordinal)];
    }
}

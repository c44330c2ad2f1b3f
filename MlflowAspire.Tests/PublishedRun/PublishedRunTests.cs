using System.Text.Json;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Image;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The published containers, run here with exactly the environment that the Bicep gives them.</summary>
[Collection(PublishedRunCollection.Name)]
[Trait("Category", "PublishedRun")]
public sealed class PublishedRunTests(PublishedStack stack)
{
    [BicepFact]
    public async Task Migration_server_and_garbage_collection_work_as_published()
    {
        var containers = await stack.Deployment.ContainersAsync("mlflow", stack.Outputs);

        await stack.RunAsync(stack.Published(Named(containers, "mlflow-migrate")));
        // What another server has, by its address in the network and the password that only the job is given.
        await stack.Source.WaitForPortAsync(PublishedStack.Port);
        await OperateAsync("import", "import complete: experiments: 2, runs: 1, metric values: 1,");
        Assert.Equal(PublishedStack.Identity, await stack.QueryAsync("mlflow", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"));

        // Its readiness, which is waited for, asks for no sign-in.
        var server = await stack.StartServerAsync(stack.Published(Named(containers, "mlflow"), at: "server"));
        await stack.UntilAsync(server, PublishedStack.Port, "/version", 401);
        var runs = JsonSerializer.Serialize(
            Result(await stack.RunAsync(stack.Client("published_client.py"))).EnumerateObject()
                .Concat(Result(await PublishedStack.LogsAsync(stack.Source)).EnumerateObject()).ToDictionary(run => run.Name, run => run.Value));
        Assert.Equal(("deleted, imported, kept", "deleted, imported, kept"), await LeftAsync());

        await OperateAsync("check", "archives: 0");
        await OperateAsync("backup", "backup complete: wasbs://mlflow-backups@");
        await OperateAsync("check", "archives: 1, the latest:");
        await OperateAsync("users", "admin\tadministrator");
        var refused = await stack.ExitAsync(stack.Published(Operation("restore")));
        Assert.Contains("the database is not empty", refused, StringComparison.Ordinal);

        await stack.RunAsync(stack.Published(Assert.Single(await stack.Deployment.ContainersAsync("mlflow-gc", stack.Outputs))));
        Assert.Equal(("imported, kept", "imported, kept"), await LeftAsync());

        await PublishedStack.UntilLoggedAsync(stack.Platform, "token for https://ossrdbms-aad.database.windows.net");
        await PublishedStack.UntilLoggedAsync(stack.Platform, "token for https://storage.azure.com");
        await PublishedStack.UntilLoggedAsync(stack.Monitor, "telemetry RequestData of mlflow");
        Assert.DoesNotContain("refused", await PublishedStack.LogsAsync(stack.Platform), StringComparison.Ordinal);

        // What garbage collection has removed is in the backup, which takes the place of what is there when it is asked for.
        await stack.RunAsync(stack.Published(Operation("restore")).WithEnvironment("MLFLOW_RESTORE_REPLACE", "true"));
        Assert.Equal(("deleted, imported, kept", "deleted, imported, kept"), await LeftAsync());
        await OperateAsync("reset-admin", "the administrator admin has the password");

        // Out of the rotation without its database, and back with it; not restarted for it.
        await stack.Postgres.StopAsync();
        await stack.UntilAsync(server, PublishedStack.ReadinessPort, "/ready", 503);
        await stack.UntilAsync(server, PublishedStack.Port, "/health", 200);
        await stack.Postgres.StartAsync();
        await stack.UntilAsync(server, PublishedStack.ReadinessPort, "/ready", 200);
        Assert.Equal(TestcontainersStates.Running, server.State);

        DeployedContainer Operation(string name) => Named(containers, $"mlflow-{name}");

        async Task OperateAsync(string name, string said) =>
            Assert.Contains(said, await stack.RunAsync(stack.Published(Operation(name))), StringComparison.Ordinal);

        async Task<(string Runs, string Blobs)> LeftAsync() =>
            (Names(await stack.RunAsync(stack.Client("published_runs.py", runs))), Names(await stack.RunAsync(stack.Blobs("of", runs))));
    }

    private static DeployedContainer Named(IEnumerable<DeployedContainer> containers, string name) => containers.Single(container => container.Name == name);

    private static string Names(string log) => string.Join(", ", Result(log).EnumerateArray().Select(item => item.GetString()));

    private static JsonElement Result(string log) =>
        JsonDocument.Parse(log.Split('\n').Last(line => line.StartsWith("RESULT ", StringComparison.Ordinal))["RESULT ".Length..]).RootElement;
}

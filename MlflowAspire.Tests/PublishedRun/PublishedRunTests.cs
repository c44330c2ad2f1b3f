using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The published containers, run here with exactly the environment that the Bicep gives them.</summary>
[Collection(PublishedRunCollection.Name)]
[Trait("Category", "PublishedRun")]
public sealed class PublishedRunTests(PublishedStack stack)
{
    private const int Port = 5000;
    private const int ReadinessPort = 5001;

    [BicepFact]
    public async Task Migration_server_and_garbage_collection_work_as_published()
    {
        var deployment = await Deployment.GetAsync("GarbageCollection:OlderThan=0s", "Storage:Path=teams/vision");
        var containers = await deployment.ContainersAsync("mlflow", PublishedStack.Outputs);

        await stack.RunAsync(stack.Published(Named(containers, "mlflow-migrate")));
        Assert.Equal(PublishedStack.Identity, await stack.QueryAsync("mlflow", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"));

        var server = await stack.StartAsync(Server(Named(containers, "mlflow")));
        var runs = Result(await stack.RunAsync(stack.Client("write")));
        Assert.Equal(("deleted, kept", "deleted, kept"), Names(Result(await stack.RunAsync(stack.Client("verify", runs.GetRawText())))));

        await OperateAsync("check", "archives: 0");
        await OperateAsync("backup", "backup complete: wasbs://mlflow-backups@");
        await OperateAsync("check", "archives: 1, the latest:");
        await OperateAsync("users", "admin\tadministrator");
        var refused = await stack.ExitAsync(stack.Published(Operation("restore")));
        Assert.Contains("the database is not empty", refused, StringComparison.Ordinal);

        await stack.RunAsync(stack.Published(Assert.Single(await deployment.ContainersAsync("mlflow-gc", PublishedStack.Outputs))));
        Assert.Equal(("kept", "kept"), Names(Result(await stack.RunAsync(stack.Client("verify", runs.GetRawText())))));

        await PublishedStack.UntilLoggedAsync(stack.Platform, "token for https://ossrdbms-aad.database.windows.net");
        await PublishedStack.UntilLoggedAsync(stack.Platform, "token for https://storage.azure.com");
        await PublishedStack.UntilLoggedAsync(stack.Platform, "telemetry RequestData of mlflow");
        Assert.DoesNotContain("refused", await PublishedStack.LogsAsync(stack.Platform), StringComparison.Ordinal);

        // What garbage collection has removed is in the backup, which takes the place of what is there when it is asked for.
        await stack.RunAsync(stack.Published(Operation("restore")).WithEnvironment("MLFLOW_RESTORE_REPLACE", "true"));
        Assert.Equal(("deleted, kept", "deleted, kept"), Names(Result(await stack.RunAsync(stack.Client("verify", runs.GetRawText())))));
        await OperateAsync("reset-admin", "the administrator admin has the password");

        // Out of the rotation without its database, and back with it; not restarted for it.
        await stack.Postgres.StopAsync();
        await PublishedStack.UntilAsync(server, ReadinessPort, "/ready", 503);
        await PublishedStack.UntilAsync(server, Port, "/health", 200);
        await stack.Postgres.StartAsync();
        await PublishedStack.UntilAsync(server, ReadinessPort, "/ready", 200);
        Assert.Equal(TestcontainersStates.Running, server.State);

        DeployedContainer Operation(string name) => Named(containers, $"mlflow-{name}");

        async Task OperateAsync(string name, string said) =>
            Assert.Contains(said, await stack.RunAsync(stack.Published(Operation(name))), StringComparison.Ordinal);
    }

    [BicepFact]
    public async Task Readiness_asks_for_no_sign_in()
    {
        var deployment = await Deployment.GetAsync("OpenTelemetry=false", "SignIn=none", "AllowAnonymous=true");
        var containers = await deployment.ContainersAsync("mlflow", PublishedStack.Outputs);
        var signIn = new Dictionary<string, string>
        {
            ["MLFLOW_APP_NAME"] = "basic-auth",
            ["MLFLOW_AUTH_DATABASE_URI"] = "postgresql://postgres.test:5432/signin?sslmode=verify-full&sslrootcert=system&plugin=entra",
            ["MLFLOW_BACKEND_STORE_URI"] = "postgresql://postgres.test:5432/signin?sslmode=verify-full&sslrootcert=system&plugin=entra",
            ["MLFLOW_AUTH_ADMIN_USERNAME"] = "admin",
            ["MLFLOW_AUTH_ADMIN_PASSWORD"] = "password-of-the-test-1",
        };
        await stack.QueryAsync("postgres", "CREATE DATABASE signin OWNER azure_pg_admin");

        await stack.RunAsync(stack.Published(Named(containers, "mlflow-migrate")).WithEnvironment(signIn));
        var server = await stack.StartAsync(Server(Named(containers, "mlflow")).WithEnvironment(signIn));

        await PublishedStack.UntilAsync(server, Port, "/version", 401);
        await PublishedStack.UntilAsync(server, ReadinessPort, "/ready", 200);
    }

    private static DeployedContainer Named(IEnumerable<DeployedContainer> containers, string name) => containers.Single(container => container.Name == name);

    /// <summary>The server, with the ports of the ingress and of the readiness probe.</summary>
    private ContainerBuilder Server(DeployedContainer container) => stack.Published(container)
        .WithPortBinding(Port, assignRandomHostPort: true)
        .WithPortBinding(ReadinessPort, assignRandomHostPort: true)
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(request => request.ForPort(ReadinessPort).ForPath("/ready")));

    private static (string Runs, string Blobs) Names(JsonElement result) => (Strings(result, "runs"), Strings(result, "blobs"));

    private static string Strings(JsonElement result, string name) =>
        string.Join(", ", result.GetProperty(name).EnumerateArray().Select(item => item.GetString()).Order(StringComparer.Ordinal));

    private static JsonElement Result(string log) =>
        JsonDocument.Parse(log.Split('\n').Last(line => line.StartsWith("RESULT ", StringComparison.Ordinal))["RESULT ".Length..]).RootElement;
}

using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>An MLflow server for each artifact store, all on one database, with the servers of the stores beside them.</summary>
public sealed class StoreStack : IAsyncLifetime
{
    public const string S3 = "s3", S3Direct = "s3-direct", Gcs = "gcs", Ftp = "ftp", Sftp = "sftp", Volume = "volume", Hdfs = "hdfs";

    private const string Clients = "clients", DirectClient = "direct-client", Flow = "artifact_flow.py";
    private static readonly string[] s_stores = [S3, S3Direct, Gcs, Ftp, Sftp, Volume];
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(10);

    private readonly StackData _data = new();

    public MlflowStack Stack { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        // The orchestrator builds the image as well, and finds it built.
        await TestImage.GetAsync();
        var builder = DistributedApplicationTestingBuilder.Create();
        var database = builder.AddPostgres("postgres").WithImageTag("17.6").AddDatabase("mlflow-db", "mlflow");
        var mlflow = s_stores.ToDictionary(store => store, store => builder.AddMlflow(MlflowName(store)).WithBackendStore(database).WithWorkers(1));

        builder.AddS3Server(mlflow[S3], mlflow[S3Direct]);
        builder.AddGcsServer(mlflow[Gcs]);
        builder.AddFtpServer(mlflow[Ftp]);
        builder.AddSftpServer(mlflow[Sftp]);
        mlflow[Volume].WithVolumeArtifactStore();
        builder.AddMlflow(MlflowName(Hdfs)).WithBackendStore(database).WithHdfsArtifactStore("namenode", new() { Port = 8020, User = "mlflow" });

        foreach (var (store, server) in mlflow)
        {
            // Long enough for a restart of the store; by default a test of one that is down waits for it twice as long.
            server.WithEnvironment("MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS", "10");
        }

        builder.AddClients(Clients, mlflow, Flow, "attempt.py");
        // What the server's reference gives this client beside the address is part of the flow.
        mlflow[S3Direct].AddPythonClient(DirectClient, Script(Flow)).WithEnvironment("MLFLOW_EXPERIMENT_NAME", S3Direct);

        _data.ApplyTo(builder);
        // A test that fails prints the logs itself.
        builder.Services.AddLogging(logging => logging.AddFilter($"{builder.Environment.ApplicationName}.Resources", LogLevel.None));
        Stack = new(await builder.BuildAsync().WaitAsync(s_startLimit));
        await Stack.App.StartAsync().WaitAsync(s_startLimit);
        foreach (var store in s_stores)
        {
            await Stack.WaitForHealthyAsync(MlflowName(store));
            await Stack.RemoveAsync(mlflow[store].Resource.Migration);
        }

        await Stack.ExecuteAsync(Clients, KnownResourceCommands.StartCommand);
        await Stack.WaitForHealthyAsync(Clients);
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        await _data.DisposeAsync();
    }

    public static string MlflowName(string store) => $"mlflow-{store}";

    public static string ServerName(string store) => store == S3Direct ? "s3-server" : $"{store}-server";

    internal static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "ArtifactStores", "Scripts", name);

    /// <summary>Runs a command of the store's own server.</summary>
    public Task<string> OnServerAsync(string store, string command) => DockerCli.RunAsync("exec", Stack.ContainerId(ServerName(store)), command);

    /// <summary>Stops the store's own server, behind the orchestrator's back.</summary>
    public Task StopServerAsync(string store) => DockerCli.RunAsync("stop", Stack.ContainerId(ServerName(store)));

    /// <summary>The files that the store holds, looked at behind MLflow's back.</summary>
    public async Task<string[]> FilesAsync(string store)
    {
        var files = store == Volume
            ? await DockerCli.RunAsync("exec", Stack.ContainerId(MlflowName(store)), "find", "/mnt/artifacts", "-type", "f", "-printf", "%P\\n")
            : await OnServerAsync(store, "list-files");
        return files.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>What a client met that sent a file of some bytes to each store.</summary>
    public async Task<Dictionary<string, JsonElement>> AttemptAsync(int size = 1000, params string[] stores)
    {
        var log = await RunAsync("attempt.py", $"SIZE={size}", stores);
        return ScriptResult.Of(log).EnumerateObject().ToDictionary(store => store.Name, store => store.Value);
    }

    /// <summary>What a client prints that does with the artifacts of a store what clients do.</summary>
    public Task<string> FlowAsync(string store) =>
        store == S3Direct ? Stack.RunAsync(DirectClient) : RunAsync(Flow, $"MLFLOW_EXPERIMENT_NAME={store}", store);

    private async Task<string> RunAsync(string script, string variable, params string[] stores)
    {
        // One that does not ask again when an answer takes its time.
        using var client = new HttpClient { BaseAddress = Stack.App.GetEndpoint(Clients, "http"), Timeout = s_startLimit };
        using var answer = await client.GetAsync(new Uri($"/{script}?{variable}{string.Concat(stores.Select(store => $"&store={store}"))}", UriKind.Relative));
        var log = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{script} for {string.Join(", ", stores)}: {log}");
        return log;
    }
}

/// <summary>The tests that share the stores run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class StoreCollection : ICollectionFixture<StoreStack>
{
    public const string Name = "Artifact stores";
}

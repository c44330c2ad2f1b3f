using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlflowAspire.Hosting;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>An MLflow server for each artifact store, all on one database, with the servers of the stores beside them.</summary>
public sealed class StoreStack : IAsyncLifetime
{
    public const string S3 = "s3", S3Direct = "s3-direct", Gcs = "gcs", Ftp = "ftp", Sftp = "sftp", Volume = "volume", Hdfs = "hdfs";

    private const string DirectClient = "direct-client", Flow = "artifact_flow.py", Attempt = "attempt.py";
    private static readonly string[] s_stores = [S3, S3Direct, Gcs, Ftp, Sftp, Volume];
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(10);

    private readonly StackData _data = new();

    private ClientScripts _scripts = null!;

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

        var targets = new ReferenceExpressionBuilder();
        foreach (var (store, server) in mlflow)
        {
            targets.Append($"{store}={server.Resource.UriExpression} ");
        }

        ClientScripts.AddTo(mlflow[S3], Script(Flow), Script(Attempt)).WithEnvironment("TARGETS", targets.Build());
        // What the server's reference gives this client beside the address is part of the flow.
        mlflow[S3Direct].AddPythonClient(DirectClient, Script(Flow)).WithEnvironment("MLFLOW_EXPERIMENT_NAME", S3Direct);

        _data.ApplyTo(builder);
        foreach (var server in builder.Resources.OfType<MlflowServerResource>().Where(server => server != mlflow[S3].Resource).ToList())
        {
            ShareMigration(builder, server, mlflow[S3].Resource.Migration);
        }

        // A test that fails prints the logs itself.
        builder.Services.AddLogging(logging => logging.AddFilter($"{builder.Environment.ApplicationName}.Resources", LogLevel.None));
        Stack = new(await builder.BuildAsync().WaitAsync(s_startLimit));
        await Stack.App.StartAsync().WaitAsync(s_startLimit);
        foreach (var store in s_stores)
        {
            await Stack.WaitForHealthyAsync(MlflowName(store));
        }

        await Task.WhenAll(StoreServers.Stores.Select(store => ListensAsync(store)));
        await Stack.RemoveAsync(mlflow[S3].Resource.Migration);
        _scripts = new(Stack);
    }

    /// <summary>Has a server, whose database is that of another one, wait for the other's migration, and run none of its own.</summary>
    private static void ShareMigration(IDistributedApplicationBuilder builder, MlflowServerResource server, MlflowTaskResource migration)
    {
        builder.Resources.Remove(server.Migration);
        foreach (var resource in builder.Resources)
        {
            foreach (var wait in resource.Annotations.OfType<WaitAnnotation>().Where(wait => wait.Resource == server.Migration).ToList())
            {
                resource.Annotations.Remove(wait);
                resource.Annotations.Add(new WaitAnnotation(migration, wait.WaitType));
            }
        }
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

    /// <summary>Starts it again, in a new container, and waits until it listens.</summary>
    public async Task StartServerAsync(string store)
    {
        var stopped = Stack.ContainerId(ServerName(store));
        await Stack.ExecuteAsync(ServerName(store), KnownResourceCommands.StartCommand);
        await ListensAsync(store, stopped);
    }

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
        var log = await _scripts.RunAsync(Attempt, [$"SIZE={size}", .. stores.Select(store => $"store={store}")]);
        return ScriptResult.Of(log).EnumerateObject().ToDictionary(store => store.Name, store => store.Value);
    }

    /// <summary>
    /// Waits until the store's own server runs, for whose image MLflow's servers do not wait, in another container than one that was stopped,
    /// and until it listens, which is later.
    /// </summary>
    private async Task ListensAsync(string store, string? stopped = null)
    {
        await Stack.WaitForStateAsync(
            ServerName(store),
            snapshot => snapshot.State?.Text == KnownResourceStates.Running && ContainerRun.ContainerId(snapshot) is { } id && id != stopped);
        await DockerCli.RunAsync(["exec", Stack.ContainerId(ServerName(store)), .. StoreServers.UntilItListens(store)]);
    }

    /// <summary>What a client prints that does with the artifacts of a store what clients do.</summary>
    public Task<string> FlowAsync(string store) =>
        store == S3Direct ? Stack.RunOnceAsync(DirectClient) : _scripts.RunAsync(Flow, $"MLFLOW_EXPERIMENT_NAME={store}", $"store={store}");
}

/// <summary>The tests that share the stores run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class StoreCollection : ICollectionFixture<StoreStack>
{
    public const string Name = "Artifact stores";
}

using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Tests.Stack;

/// <summary>One stack for all tests that leave it running.</summary>
public sealed class StackFixture : IAsyncLifetime
{
    /// <summary>A second server in the stack, whose migration fails.</summary>
    public const string Unmigrated = "unmigrated";

    /// <summary>The script that leaves something to collect.</summary>
    internal const string Deletion = "delete_runs.py";

    private const string Workload = "workload.py";

    private readonly StackData _data = new();
    private Task<JsonElement>? _workload;
    private ClientScripts _scripts = null!;

    public MlflowStack Stack { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Stack = await MlflowStack.StartAsync(_data, configure: (builder, mlflow) =>
        {
            ClientScripts.AddTo(mlflow, ScriptPath(Workload), ScriptPath(Deletion));
            AddUnmigrated(builder);
            builder.Services.AddLogging(logging => logging.AddProvider(Console));
        });
        _scripts = new(Stack);
        FailedMigration = await Stack.WaitForStateAsync(
            $"{Unmigrated}-migrate", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));
        // With the last line of its log, for which it has to be there.
        await Console.WaitForAsync($"'{Unmigrated}-migrate' ended ", ": ");
        await Stack.RemoveAsync((ContainerResource)FailedMigration.Resource);
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        Console.Dispose();
        await _data.DisposeAsync();
    }

    /// <summary>How the migration that fails has ended.</summary>
    public ResourceEvent FailedMigration { get; private set; } = null!;

    /// <summary>What the console of the app host shows.</summary>
    internal LoggedLines Console { get; } = new("MlflowAspire.Hosting");

    /// <summary>The volumes and secrets of the stack.</summary>
    internal StackData Data => _data;

    /// <summary>The secrets that the stack runs with.</summary>
    public IEnumerable<string> Secrets => _data.Secrets;

    /// <summary>Does what a user does with MLflow, once for all tests.</summary>
    public Task<JsonElement> WriteWorkloadAsync() => _workload ??= WriteAsync();

    /// <summary>Reads all of that back and compares.</summary>
    public Task VerifyWorkloadAsync() => _scripts.RunAsync(Workload, "argument=verify");

    /// <summary>Leaves runs and an experiment that are deleted, and gives their ids.</summary>
    public async Task<JsonElement> DeleteRunsAsync() => ScriptResult.Of(await _scripts.RunAsync(Deletion));

    /// <summary>The path of a script that uses MLflow's own client.</summary>
    internal static string ScriptPath(string name) => Path.Combine(AppContext.BaseDirectory, "Stack", "Scripts", name);

    private async Task<JsonElement> WriteAsync() => ScriptResult.Of(await _scripts.RunAsync(Workload, "argument=write"));

    private static void AddUnmigrated(IDistributedApplicationBuilder builder)
    {
        var server = builder.AddMlflow(Unmigrated)
            .WithBackendStore(Only<PostgresDatabaseResource>(builder))
            .WithArtifactStore(Only<AzureBlobStorageContainerResource>(builder));
        builder.CreateResourceBuilder(server.Resource.Migration).WithEnvironment("MLFLOW_BACKEND_STORE_URI", "postgresql+psycopg2://postgres:5432/missing");
    }

    private static IResourceBuilder<T> Only<T>(IDistributedApplicationBuilder builder) where T : IResource =>
        builder.CreateResourceBuilder(builder.Resources.OfType<T>().Single());
}

/// <summary>The tests that share the stack run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class StackCollection : ICollectionFixture<StackFixture>
{
    public const string Name = "Stack";
}

using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Tests.Stack;

/// <summary>One stack for all tests that leave it running. The containers "write", "verify", … run the scripts of that name.</summary>
public sealed class StackFixture : IAsyncLifetime
{
    /// <summary>A second server in the stack, whose migration fails.</summary>
    public const string Unmigrated = "unmigrated";

    private readonly StackData _data = new();
    private Task<JsonElement>? _workload;

    public MlflowStack Stack { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Stack = await MlflowStack.StartAsync(_data, configure: (builder, mlflow) =>
        {
            AddScripts(mlflow);
            AddUnmigrated(builder);
            builder.Services.AddLogging(logging => logging.AddProvider(Console));
        });
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

    /// <summary>What the console of the app host shows.</summary>
    internal LoggedLines Console { get; } = new("MlflowAspire.Hosting");

    /// <summary>The volumes and secrets of the stack.</summary>
    internal StackData Data => _data;

    /// <summary>The secrets that the stack runs with.</summary>
    public IEnumerable<string> Secrets => _data.Secrets;

    /// <summary>Does what a user does with MLflow, once for all tests.</summary>
    public Task<JsonElement> WriteWorkloadAsync() => _workload ??= WriteAsync();

    private async Task<JsonElement> WriteAsync() => ScriptResult.Of(await Stack.RunOnceAsync("write"));

    /// <summary>Adds the Python scripts, which use MLflow's own client, as containers that are started by hand.</summary>
    internal static void AddScripts(IResourceBuilder<MlflowServerResource> mlflow)
    {
        var workload = ScriptPath("workload.py");
        mlflow.AddPythonClient("write", workload).WithArgs("write");
        mlflow.AddPythonClient("verify", workload).WithArgs("verify");
        mlflow.AddPythonClient("delete-runs", ScriptPath("delete_runs.py"));
    }

    private static void AddUnmigrated(IDistributedApplicationBuilder builder)
    {
        var server = builder.AddMlflow(Unmigrated)
            .WithBackendStore(Only<PostgresDatabaseResource>(builder))
            .WithArtifactStore(Only<AzureBlobStorageContainerResource>(builder));
        builder.CreateResourceBuilder(server.Resource.Migration).WithEnvironment("MLFLOW_BACKEND_STORE_URI", "postgresql+psycopg2://postgres:5432/missing");
    }

    private static IResourceBuilder<T> Only<T>(IDistributedApplicationBuilder builder) where T : IResource =>
        builder.CreateResourceBuilder(builder.Resources.OfType<T>().Single());

    private static string ScriptPath(string name) => Path.Combine(AppContext.BaseDirectory, "Stack", "Scripts", name);
}

/// <summary>The tests that share the stack run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class StackCollection : ICollectionFixture<StackFixture>
{
    public const string Name = "Stack";
}

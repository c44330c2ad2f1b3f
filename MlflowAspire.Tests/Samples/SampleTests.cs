using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.Samples;

/// <summary>The samples' app host, in real containers, with the clients that it has.</summary>
[Trait("Category", "Stack")]
public sealed class SampleTests : IAsyncLifetime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly StackData _data = new();
    private MlflowStack _stack = null!;

    public async Task InitializeAsync()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.MlflowAspire_Samples_AppHost>().WaitAsync(s_limit);
        _data.ApplyTo(builder);
        builder.Services.AddLogging(logging => logging.AddFilter($"{builder.Environment.ApplicationName}.Resources", LogLevel.None));
        _stack = new(await builder.BuildAsync().WaitAsync(s_limit));
        await _stack.App.StartAsync().WaitAsync(TimeSpan.FromMinutes(8));
        await _stack.WaitForHealthyAsync("mlflow");
    }

    public async Task DisposeAsync()
    {
        await _stack.DisposeAsync();
        await _data.DisposeAsync();
    }

    [Fact]
    public async Task Both_clients_log_what_they_do()
    {
        var log = await _stack.RunAsync("training");

        Assert.Matches("The registered model knows 3[5-8] of 38 irises", log);
        var training = Assert.Single(await RunsAsync("irises"));
        Assert.Equal(["50"], await _stack.QueryAsync<string>("select value from params where run_uuid = $1 and key = 'n_estimators'", training));
        Assert.Equal(
            ["test_accuracy", "training_accuracy_score"],
            await _stack.QueryAsync<string>("select key from latest_metrics where run_uuid = $1 and key in ('test_accuracy', 'training_accuracy_score') order by key", training));
        Assert.Equal([1], await _stack.QueryAsync<int>("select version from model_versions where name = 'iris-classifier'"));

        await _stack.ExecuteAsync("consumer", KnownResourceCommands.StartCommand);
        var ended = await _stack.WaitForStateAsync("consumer", snapshot => snapshot.State?.Text == KnownResourceStates.Finished || snapshot.State?.Text == KnownResourceStates.Exited);
        Assert.True(ended.Snapshot.ExitCode is 0, await _stack.LogAsync(_stack.Resource<ProjectResource>("consumer")));
        var run = Assert.Single(await RunsAsync("dotnet"));
        Assert.Equal(["FINISHED"], await _stack.QueryAsync<string>("select status from runs where run_uuid = $1", run));
        Assert.Equal([10], await _stack.QueryAsync<long>("select count(*) from metrics where run_uuid = $1 and key = 'loss'", run));
    }

    private Task<List<string>> RunsAsync(string experiment) =>
        _stack.QueryAsync<string>("select run_uuid from runs join experiments using (experiment_id) where experiments.name = $1", experiment);
}

using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.Samples;

[Collection(SampleCollection.Name)]
[Trait("Category", "Stack")]
public sealed class SampleTests(SampleFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task Training_with_autologging_logs_parameters_metrics_and_a_model()
    {
        var log = await Stack.RunOnceAsync("training");

        Assert.Matches("The registered model knows 3[5-8] of 38 irises", log);
        var run = Assert.Single(await RunsAsync("irises"));
        Assert.Equal(["50"], await Stack.QueryAsync<string>("select value from params where run_uuid = $1 and key = 'n_estimators'", run));
        Assert.Equal(
            ["test_accuracy", "training_accuracy_score"],
            await Stack.QueryAsync<string>(
                "select key from latest_metrics where run_uuid = $1 and key in ('test_accuracy', 'training_accuracy_score') order by key", run));
        Assert.Equal([1], await Stack.QueryAsync<int>("select version from model_versions where name = 'iris-classifier'"));
    }

    [Fact]
    public async Task A_dotnet_program_finds_the_server_by_service_discovery_and_logs_a_run()
    {
        await Stack.ExecuteAsync("consumer", KnownResourceCommands.StartCommand);
        var ended = await Stack.WaitForStateAsync("consumer", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));

        Assert.True(ended.Snapshot.ExitCode is 0, await Stack.LogAsync(Stack.Resource<ProjectResource>("consumer")));
        var run = Assert.Single(await RunsAsync("dotnet"));
        Assert.Equal(["FINISHED"], await Stack.QueryAsync<string>("select status from runs where run_uuid = $1", run));
        Assert.Equal([10], await Stack.QueryAsync<long>("select count(*) from metrics where run_uuid = $1 and key = 'loss'", run));
    }

    [Fact]
    public async Task A_container_outside_of_the_app_host_reaches_a_server_that_listens_at_all_addresses() =>
        Assert.Equal("200", await OutsideContainer.CallAsync(Stack));

    private Task<List<string>> RunsAsync(string experiment) =>
        Stack.QueryAsync<string>("select run_uuid from runs join experiments using (experiment_id) where experiments.name = $1", experiment);
}

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class ClientFlowTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task What_the_python_client_logs_is_read_back_and_lies_in_the_stores()
    {
        // The script itself reads all back through the client and compares.
        var result = await fixture.WriteWorkloadAsync();
        var run = result.Text("run_id");

        var expected = result.GetProperty("artifacts").EnumerateObject().ToDictionary(artifact => artifact.Name, artifact => artifact.Value.GetInt64());
        Assert.Equal(
            expected.OrderBy(blob => blob.Key, StringComparer.Ordinal),
            (await Stack.BlobsAsync($"{result.Text("experiment_id")}/{run}/artifacts/")).OrderBy(blob => blob.Key, StringComparer.Ordinal));

        Assert.Equal(["FINISHED"], await Stack.QueryAsync<string>("select status from runs where run_uuid = $1", run));
        Assert.Equal(["0.01"], await Stack.QueryAsync<string>("select value from params where run_uuid = $1 and key = 'learning_rate'", run));
        Assert.Equal([50], await Stack.QueryAsync<long>("select count(*) from metrics where run_uuid = $1 and key = 'loss'", run));
        Assert.Equal([1], await Stack.QueryAsync<int>("select version from registered_model_aliases where name = 'workload-model' and alias = 'champion'"));
        Assert.Equal(
            [3],
            await Stack.QueryAsync<long>(
                "select count(*) from trace_info where experiment_id = $1",
                int.Parse(result.Text("experiment_id"), System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task The_quickstart_of_the_app_host_runs()
    {
        var log = await Stack.RunOnceAsync("quickstart");

        Assert.Contains("doubles [1.0, 2.5] to [2.0, 5.0]", log, StringComparison.Ordinal);
        Assert.Equal([1], await Stack.QueryAsync<long>("select count(*) from registered_models where name = 'doubler'"));
    }

    [Fact]
    public async Task The_demo_command_loads_traces_evaluation_runs_and_prompts()
    {
        await Stack.ExecuteOnceAsync("mlflow", "load-demo-data", "mlflow-demo");

        var experiment = Assert.Single(await Stack.QueryAsync<int>("select experiment_id from experiments where name = 'MLflow Demo'"));
        Assert.True((await Stack.QueryAsync<long>("select count(*) from trace_info where experiment_id = $1", experiment)).Single() > 0);
        Assert.True((await Stack.QueryAsync<long>("select count(*) from runs where experiment_id = $1", experiment)).Single() > 0);
        Assert.True(
            (await Stack.QueryAsync<long>("select count(*) from registered_model_tags where key = 'mlflow.prompt.is_prompt' and value = 'true'")).Single() > 0);
    }
}

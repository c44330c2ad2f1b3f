using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class GarbageCollectionTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task Deleted_runs_go_with_and_without_artifacts_and_nothing_else()
    {
        await fixture.WriteWorkloadAsync();
        var ids = await fixture.DeleteRunsAsync();
        string[] deleted = [ids.Text("without_artifacts"), ids.Text("with_artifacts"), ids.Text("in_deleted_experiment")];
        var runs = await RunsAsync();
        var blobs = (await Stack.BlobsAsync()).Keys.ToList();
        Assert.Subset(runs.ToHashSet(), deleted.ToHashSet());
        Assert.Contains(blobs, blob => blob.Contains(deleted[1], StringComparison.Ordinal));

        await Stack.ExecuteAsync("mlflow", "collect-garbage");

        Assert.Equal(runs.Except(deleted).Order(), (await RunsAsync()).Order());
        Assert.Contains(ids.Text("kept"), await RunsAsync());
        Assert.Empty(await Stack.QueryAsync<int>("select experiment_id from experiments where name = 'doomed experiment'"));
        Assert.Equal(
            blobs.Where(blob => !deleted.Any(run => blob.Contains(run, StringComparison.Ordinal))).Order(StringComparer.Ordinal),
            (await Stack.BlobsAsync()).Keys.Order(StringComparer.Ordinal));
        await fixture.VerifyWorkloadAsync();
    }

    [Fact]
    public void The_dashboard_asks_before_it_starts_one()
    {
        var start = Assert.Single(Stack.Snapshot("mlflow-gc").Commands, command => command.Name == KnownResourceCommands.StartCommand);
        Assert.StartsWith("This permanently deletes ", start.ConfirmationMessage, StringComparison.Ordinal);
        Assert.True(start.IsHighlighted);
    }

    [Fact]
    public async Task Each_collection_is_waited_for_and_one_of_nothing_succeeds()
    {
        using var client = Stack.CreateMlflowClient();
        using var created = await client.PostMlflowAsync("runs/create", new { experiment_id = "0" });
        created.EnsureSuccessStatusCode();
        using var answer = JsonDocument.Parse(await created.Content.ReadAsStringAsync());
        var run = answer.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

        await Stack.ExecuteAsync("mlflow", "collect-garbage");
        Assert.Contains(run, await RunsAsync());
        using var deleted = await client.PostMlflowAsync("runs/delete", new { run_id = run });
        deleted.EnsureSuccessStatusCode();
        // The end of the first one is no end of this one.
        await Stack.ExecuteAsync("mlflow", "collect-garbage");
        Assert.DoesNotContain(run, await RunsAsync());
    }

    private Task<List<string>> RunsAsync() => Stack.QueryAsync<string>("select run_uuid from runs");
}

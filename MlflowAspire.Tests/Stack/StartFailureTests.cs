using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class StartFailureTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task A_failed_migration_is_named_with_the_reason_and_the_server_does_not_start()
    {
        var migration = fixture.FailedMigration;
        await Stack.WaitForStateAsync(StackFixture.Unmigrated, snapshot => snapshot.State?.Text == KnownResourceStates.FailedToStart);

        Assert.NotEqual(0, migration.Snapshot.ExitCode);
        Assert.Contains("\"missing\" does not exist", await Stack.LogAsync(migration.Resource), StringComparison.Ordinal);
        await fixture.Console.WaitForAsync(
            $"'{migration.Resource.Name}' ended with exit code {migration.Snapshot.ExitCode}: mlflow-aspire: error: MLFLOW_BACKEND_STORE_URI: ",
            "\"missing\" does not exist");
        var server = await fixture.Console.WaitForAsync($"'{StackFixture.Unmigrated}' failed to start: ", $"dependency resource '{migration.Resource.Name}'");
        Assert.DoesNotContain('\n', server);
    }

    [Fact]
    public async Task A_wait_for_what_failed_to_start_ends_at_once_with_the_logs()
    {
        var waiting = Stack.WaitForHealthyAsync(StackFixture.Unmigrated);

        var problem = (await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(TimeSpan.FromMinutes(1)))).Message;
        Assert.Contains($"'{StackFixture.Unmigrated}' did not become healthy", problem, StringComparison.Ordinal);
        Assert.Contains("it failed to start", problem, StringComparison.Ordinal);
        Assert.Contains($"--- {fixture.FailedMigration.Resource.Name}", problem, StringComparison.Ordinal);
    }
}

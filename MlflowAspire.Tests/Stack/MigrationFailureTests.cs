using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

[Trait("Category", "Stack")]
public class MigrationFailureTests
{
    [Fact]
    public async Task A_failed_migration_shows_the_reason_and_the_server_does_not_start()
    {
        await using var data = new StackData();
        await using var stack = await MlflowStack.CreateAsync(data, configure: (builder, mlflow) => builder
            .CreateResourceBuilder(mlflow.Resource.Migration)
            .WithEnvironment("MLFLOW_BACKEND_STORE_URI", "postgresql+psycopg2://postgres:5432/missing"));
        await stack.App.StartAsync().WaitAsync(TimeSpan.FromMinutes(2));

        var migration = await stack.WaitForStateAsync("mlflow-migrate", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));
        await stack.WaitForStateAsync("mlflow", snapshot => snapshot.State?.Text == KnownResourceStates.FailedToStart);

        Assert.NotEqual(0, migration.Snapshot.ExitCode);
        Assert.Contains("\"missing\" does not exist", await stack.LogAsync(migration.Resource), StringComparison.Ordinal);
    }
}

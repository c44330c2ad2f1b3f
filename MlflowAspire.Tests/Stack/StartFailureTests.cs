using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Tests.Stack;

[Collection(AppHostCollection.Name)]
[Trait("Category", "Stack")]
public class StartFailureTests
{
    [Fact]
    public async Task A_failed_migration_is_named_with_the_reason_and_the_server_does_not_start()
    {
        using var console = new LoggedLines("MlflowAspire.Hosting");
        await using var data = new StackData();
        await using var stack = await MlflowStack.CreateAsync(data, configure: (builder, mlflow) =>
        {
            builder.Services.AddLogging(logging => logging.AddProvider(console));
            builder.CreateResourceBuilder(mlflow.Resource.Migration).WithEnvironment("MLFLOW_BACKEND_STORE_URI", "postgresql+psycopg2://postgres:5432/missing");
        });
        await stack.App.StartAsync().WaitAsync(TimeSpan.FromMinutes(2));

        var migration = await stack.WaitForStateAsync("mlflow-migrate", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));
        await stack.WaitForStateAsync("mlflow", snapshot => snapshot.State?.Text == KnownResourceStates.FailedToStart);

        Assert.NotEqual(0, migration.Snapshot.ExitCode);
        Assert.Contains("\"missing\" does not exist", await stack.LogAsync(migration.Resource), StringComparison.Ordinal);
        await console.WaitForAsync(
            $"'mlflow-migrate' ended with exit code {migration.Snapshot.ExitCode}: mlflow-aspire: error: MLFLOW_BACKEND_STORE_URI: ",
            "\"missing\" does not exist");
        var server = await console.WaitForAsync("'mlflow' failed to start: ", "dependency resource 'mlflow-migrate'");
        Assert.DoesNotContain('\n', server);
    }
}

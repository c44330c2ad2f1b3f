using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

/// <summary>The command that imports. What it brings in is compared in the tests of the image.</summary>
[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public sealed class ImportCommandTests(StackFixture fixture)
{
    [Fact]
    public async Task What_is_named_reaches_the_import_which_changes_no_server_that_is_in_use()
    {
        await fixture.WriteWorkloadAsync();
        var folder = Directory.CreateTempSubdirectory("mlflow-import-");
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                // The container's user is another one.
                File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
            }

            var database = Path.Combine(folder.FullName, "mlflow.db");
            await File.WriteAllTextAsync(database, "");

            // Nothing is started for a source that is not there, or lacks its artifacts.
            Assert.False((await TryAsync(Argument("source", "/nowhere/mlflow.db"), Argument("artifacts", folder.FullName))).Success);
            Assert.False((await TryAsync(Argument("source", database))).Success);

            Assert.False((await TryAsync(Argument("source", database), Argument("artifacts", folder.FullName))).Success);
            var import = fixture.Stack.Resource<ContainerResource>("mlflow-import");
            await fixture.Stack.RemoveAsync(import);
            Assert.Contains("the database is not empty", await fixture.Stack.LogAsync(import), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Task<ExecuteCommandResult> TryAsync(params InteractionInput[] arguments) => fixture.Stack.TryExecuteAsync("mlflow", "import", arguments);

    private static InteractionInput Argument(string name, string value) => new() { Name = name, InputType = InputType.Text, Value = value };
}

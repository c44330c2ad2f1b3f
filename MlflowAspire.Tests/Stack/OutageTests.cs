using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

/// <summary>Parts of the stack fail under load and come back; nothing that was acknowledged is lost.</summary>
[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class OutageTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Theory]
    [InlineData("postgres")]
    [InlineData("storage")]
    public async Task A_store_is_stopped_and_started_again(string store)
    {
        await fixture.WriteWorkloadAsync();
        await using var load = new WriteLoad(Stack);
        load.Start();
        await load.MoreAsync();

        var failures = load.Failures;
        await Stack.ExecuteAsync(store, KnownResourceCommands.StopCommand);
        await load.FailureAsync(failures);
        await Stack.ExecuteAsync(store, KnownResourceCommands.StartCommand);

        await load.MoreAsync();
        await load.VerifyAsync();
        await Stack.RunAsync("verify");
    }

    [Theory]
    [InlineData("mlflow")]
    [InlineData("postgres")]
    public async Task What_is_killed_starts_again_by_itself(string resource)
    {
        await fixture.WriteWorkloadAsync();
        await using var load = new WriteLoad(Stack);
        load.Start();
        await load.MoreAsync();

        // Whether a write fails depends on how fast it is back.
        await KillAsync(resource);

        await load.MoreAsync();
        await load.VerifyAsync();
        await Stack.WaitForHealthyAsync("mlflow");
        await Stack.RunAsync("verify");
    }

    /// <summary>Without load: Azurite loses what it has acknowledged in the seconds before.</summary>
    [Fact]
    public async Task The_blob_storage_is_killed_and_starts_again_by_itself()
    {
        await fixture.WriteWorkloadAsync();
        await Task.Delay(TimeSpan.FromSeconds(10));
        await KillAsync("storage");
        await Stack.WaitForHealthyAsync("storage");
        await Stack.RunAsync("verify");
    }

    private async Task KillAsync(string resource)
    {
        var container = Stack.ContainerId(resource);
        await DockerCli.RunAsync("kill", container);
        await Stack.WaitForStateAsync(resource, snapshot => snapshot.State?.Text == KnownResourceStates.Running && Stack.ContainerId(resource) != container);
        Assert.Contains(
            $"'{resource}' ended with exit code 137 and is started again.",
            await Stack.LogAsync(Stack.Resource<IResource>(resource)),
            StringComparison.Ordinal);
    }
}

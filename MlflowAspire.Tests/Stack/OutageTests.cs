using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

/// <summary>Parts of the stack fail under load and come back; nothing that was acknowledged is lost.</summary>
[Collection(StackTests.Name)]
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

        await Stack.ExecuteAsync(store, KnownResourceCommands.StopCommand);
        await load.FailureAsync();
        await Stack.ExecuteAsync(store, KnownResourceCommands.StartCommand);

        await load.MoreAsync();
        await load.VerifyAsync();
        await Stack.RunAsync("verify");
    }

    [Fact]
    public async Task The_server_is_killed_and_started_again()
    {
        await fixture.WriteWorkloadAsync();
        await using var load = new WriteLoad(Stack);
        load.Start();
        await load.MoreAsync();

        await DockerCli.RunAsync("kill", Stack.ContainerId("mlflow"));
        await Stack.WaitForStateAsync("mlflow", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));
        await load.FailureAsync();
        await Stack.ExecuteAsync("mlflow", KnownResourceCommands.StartCommand);

        await load.MoreAsync();
        await load.VerifyAsync();
        await Stack.WaitForHealthyAsync("mlflow");
        await Stack.RunAsync("verify");
    }
}

using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

/// <summary>Parts of the stack fail under load and come back; nothing that was acknowledged is lost.</summary>
[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
[Trait("Category", "Rare")]
public class OutageTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task Stores_are_stopped_and_started_again()
    {
        await fixture.WriteWorkloadAsync();
        await using var load = new WriteLoad(Stack);
        load.Start();
        foreach (var store in new[] { "postgres", "storage" })
        {
            await load.MoreAsync($"before '{store}' is stopped");
            var failures = load.Failures;
            await Stack.ExecuteAsync(store, KnownResourceCommands.StopCommand);
            await load.FailureAsync(failures, $"without '{store}'");
            await Stack.ExecuteAsync(store, KnownResourceCommands.StartCommand);
            await load.MoreAsync($"after '{store}' was stopped");
        }

        await load.VerifyAsync();
        await fixture.VerifyWorkloadAsync();
    }

    [Fact]
    public async Task What_is_killed_starts_again_by_itself()
    {
        await fixture.WriteWorkloadAsync();
        await using (var load = new WriteLoad(Stack))
        {
            load.Start();
            foreach (var resource in new[] { "mlflow", "postgres" })
            {
                await load.MoreAsync($"before '{resource}' is killed");

                // Whether a write fails depends on how fast it is back.
                await KillAsync(resource);
                await load.MoreAsync($"after '{resource}' was killed");
            }

            await load.VerifyAsync();
        }

        // Without load: Azurite loses what it has acknowledged in the seconds before.
        await Task.Delay(TimeSpan.FromSeconds(10));
        await KillAsync("storage");
        await Stack.WaitForHealthyAsync("storage");

        await Stack.WaitForHealthyAsync("mlflow");
        await fixture.VerifyWorkloadAsync();
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

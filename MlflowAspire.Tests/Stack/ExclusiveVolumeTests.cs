using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class ExclusiveVolumeTests(StackFixture fixture)
{
    private static readonly string[] s_stores = ["postgres", "storage"];

    [Fact]
    public async Task A_second_app_host_does_not_get_at_the_volumes_of_the_first()
    {
        await fixture.WriteWorkloadAsync();
        await using var second = await MlflowStack.CreateAsync(fixture.Data);

        // It does not end: what needs the stores waits for somebody to start them again.
        _ = second.App.StartAsync();
        foreach (var store in s_stores)
        {
            var end = await second.WaitForStateAsync(store, snapshot => snapshot.State?.Text == KnownResourceStates.Exited);
            Assert.Equal(1, end.Snapshot.ExitCode);
            Assert.Contains("is in use by another container: is this app host running already?", await second.LogAsync(end.Resource), StringComparison.Ordinal);
        }

        await fixture.VerifyWorkloadAsync();
    }
}

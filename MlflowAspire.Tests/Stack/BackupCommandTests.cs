using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class BackupCommandTests(StackFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task What_is_lost_after_a_backup_comes_back_and_what_came_after_it_goes()
    {
        await fixture.WriteWorkloadAsync();
        var first = await BackUpAsync();
        var (runs, blobs) = (await RunsAsync(), await BlobsAsync());
        using var client = Stack.CreateMlflowClient();
        (await client.PostMlflowAsync("runs/create", new { experiment_id = "0" })).EnsureSuccessStatusCode();
        var second = await BackUpAsync();
        var more = await RunsAsync();
        await Stack.QueryAsync<int>("delete from metrics");
        await Stack.DeleteBlobsAsync();

        await RestoreAsync(first);

        Assert.Equal(runs, await RunsAsync());
        Assert.Equal(blobs, await BlobsAsync());
        await fixture.VerifyWorkloadAsync();

        // Each run of the command has an archive of its own.
        await RestoreAsync(second);

        Assert.Equal(more, await RunsAsync());
        await fixture.VerifyWorkloadAsync();
    }

    [Fact]
    public async Task Nothing_is_replaced_that_nobody_has_asked_for()
    {
        await fixture.WriteWorkloadAsync();
        var archive = await BackUpAsync();
        var runs = await RunsAsync();

        var restore = await Stack.TryExecuteAsync("mlflow", "restore", Argument("archive", archive));
        Assert.False(restore.Success);
        Assert.Contains("the database is not empty", await Stack.LogAsync(Stack.Resource<ContainerResource>("mlflow-restore")), StringComparison.Ordinal);

        // Its own button has nobody to ask.
        Assert.False((await Stack.TryExecuteAsync("mlflow-restore", KnownResourceCommands.StartCommand)).Success);
        Assert.Equal(runs, await RunsAsync());
    }

    private async Task<string> BackUpAsync()
    {
        var before = Directory.Exists(fixture.Data.BackupFolder) ? Directory.GetFiles(fixture.Data.BackupFolder) : [];
        await Stack.ExecuteAsync("mlflow", "back-up");
        var log = await Stack.LogAsync(Stack.Resource<ContainerResource>("mlflow-backup"));
        var archive = Path.GetFileName(Assert.Single(Directory.GetFiles(fixture.Data.BackupFolder).Except(before)));
        Assert.Contains($"backup complete: {BackupFolder.MountPath}/{archive}", log, StringComparison.Ordinal);
        return archive;
    }

    private Task RestoreAsync(string archive) => Stack.ExecuteAsync("mlflow", "restore", Argument("archive", archive), Argument("replace", "true"));

    private Task<List<string>> RunsAsync() => Stack.QueryAsync<string>("select run_uuid from runs order by 1");

    private async Task<List<KeyValuePair<string, long>>> BlobsAsync() => [.. (await Stack.BlobsAsync()).OrderBy(blob => blob.Key, StringComparer.Ordinal)];

    private static InteractionInput Argument(string name, string value) => new() { Name = name, InputType = InputType.Text, Value = value };
}

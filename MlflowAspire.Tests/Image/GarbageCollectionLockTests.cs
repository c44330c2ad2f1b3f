using Npgsql;

namespace MlflowAspire.Tests.Image;

[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public class GarbageCollectionLockTests(ImageFixture image)
{
    // The advisory lock that keeps two collections apart.
    private const int Lock = 5_000_318;

    [Fact]
    public async Task Of_two_at_once_the_second_waits_and_finds_nothing()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await database.ExecuteAsync(
            "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time) "
            + "VALUES ('gone', 'mlflow-artifacts:/1', 'deleted', 1, 1)");
        var environment = new Dictionary<string, string>(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = "/mnt/artifacts" };
        await using var first = image.Container(environment, "gc").WithTmpfsMount("/mnt/artifacts").Build();
        await using var second = image.Container(environment, "gc").WithTmpfsMount("/mnt/artifacts").Build();

        await using (var connection = await database.OpenAsync())
        {
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_lock({Lock})", connection);
            await command.ExecuteNonQueryAsync();
            await Task.WhenAll(first.StartAsync(), second.StartAsync());
            await Task.WhenAll(first.WaitForLogAsync("another garbage collection is running"), second.WaitForLogAsync("another garbage collection is running"));
        }

        var runs = await Task.WhenAll(ImageRun.EndOfAsync(first), ImageRun.EndOfAsync(second));
        Assert.Single(runs, run => run.Succeeded().Output.Contains("experiments: 1", StringComparison.Ordinal));
        Assert.Single(runs, run => run.Output.Contains("experiments: 0", StringComparison.Ordinal));
        Assert.Equal(0, await database.ReadAsync<long>("SELECT count(*) FROM experiments WHERE name = 'gone'"));
    }
}

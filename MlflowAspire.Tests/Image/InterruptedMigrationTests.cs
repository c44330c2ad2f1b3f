using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>Migrations from the previous version that do not get to their end, and what brings them there.</summary>
[Collection(BackupCollection.Name)]
[Trait("Category", "Image")]
public sealed class InterruptedMigrationTests(ImageFixture image)
{
    private const string RevisionQuery = "SELECT version_num FROM alembic_version";

    private readonly TestBackupFolder _folder = image.CreateBackupFolder();

    [Fact]
    public async Task One_that_is_killed_leaves_the_schema_as_it_was_and_is_repeated()
    {
        var (database, previous) = await image.CreatePreviousDatabaseAsync();
        var revision = await database.ReadAsync<string>(RevisionQuery);
        await using var migration = image.Container(database.Environment, "migrate").Build();

        // In the middle: it waits for a table.
        await using (var connection = await database.OpenAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var locking = new NpgsqlCommand("LOCK TABLE spans IN ACCESS EXCLUSIVE MODE", connection, transaction);
            await locking.ExecuteNonQueryAsync();
            await migration.StartAsync();
            await WaitForWaitingAsync(database, migration);
            await DockerCli.RunAsync("kill", migration.Id);
        }

        Assert.Equal(revision, await database.ReadAsync<string>(RevisionQuery));
        Assert.Contains($"migrating from {revision} to ", (await image.RunAsync(database.Environment, "migrate")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(previous.Output.Split("RESULT ")[1].TrimEnd(), Assert.Single(await image.ContentAsync(database)));
    }

    [Fact]
    public async Task One_that_fails_names_the_backup_from_before()
    {
        var (database, _) = await image.CreatePreviousDatabaseAsync();
        var revision = await database.ReadAsync<string>(RevisionQuery);
        // A table that the last step makes.
        await database.ExecuteAsync("CREATE TABLE scheduler_leases (id int)");

        var failed = await MigrateAsync();

        var archive = Assert.Single(_folder.Files);
        Assert.Matches(@"\Amlflow-[0-9]{8}T[0-9]{6}Z-before-migration\.zip\z", archive);
        Assert.Equal(1, failed.ExitCode);
        Assert.EndsWith(
            "mlflow-aspire: error: MLFLOW_BACKEND_STORE_URI: the migration of the tracking schema failed with exit code 1; its log is above. "
                + $"The rows from before are in {_folder.Path}/{archive}\n",
            failed.Errors,
            StringComparison.Ordinal);
        Assert.Equal(revision, await database.ReadAsync<string>(RevisionQuery));

        // The archive has what was there, for an image that knows the revision; this one brings it to its own.
        var restored = await image.CreateDatabaseAsync();
        (await image.RunAsync(TestBackupFolder.Stores(restored), "restore", $"{_folder.Path}/{archive}")).Succeeded();
        await database.ExecuteAsync("DROP TABLE scheduler_leases");
        (await MigrateAsync()).Succeeded();
        var content = await image.ContentAsync(database, restored);
        Assert.Equal(content[0], content[1]);

        // Another one for each that has something to change, and none for one that has not.
        Assert.Equal(2, _folder.Files.Count());
        (await MigrateAsync()).Succeeded();
        Assert.Equal(2, _folder.Files.Count());

        Task<ImageRun> MigrateAsync() =>
            image.RunAsync(new Dictionary<string, string>(database.Environment) { ["MLFLOW_BACKUP_DESTINATION"] = _folder.Path }, "migrate");
    }

    [Fact]
    public async Task Nothing_is_changed_without_the_backup_that_is_asked_for()
    {
        var (database, _) = await image.CreatePreviousDatabaseAsync();
        var revision = await database.ReadAsync<string>(RevisionQuery);

        (await image.RunAsync(new Dictionary<string, string>(database.Environment) { ["MLFLOW_BACKUP_DESTINATION"] = "/missing" }, "migrate"))
            .Failed(1, "/missing is no folder");

        Assert.Equal(revision, await database.ReadAsync<string>(RevisionQuery));
    }

    private static async Task WaitForWaitingAsync(TestDatabase database, DotNet.Testcontainers.Containers.IContainer migration)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        const string waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'spans'::regclass";
        while (await database.ReadAsync<long>(waiting) == 0)
        {
            if (limit.IsCancellationRequested)
            {
                Assert.Fail($"The migration does not wait for the table. {await migration.LogsAsync()}");
            }
            await Task.Delay(100);
        }
    }
}

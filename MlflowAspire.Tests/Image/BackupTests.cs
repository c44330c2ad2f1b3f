using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>Backups of a real database and of blobs, and what a restore makes of them.</summary>
[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public sealed class BackupTests(ImageFixture image) : IDisposable
{
    private const string PreviousImage = "ghcr.io/mlflow/mlflow:v3.16.1-full";
    private const string Archive = "/backups/backup.zip";

    // The user of the image writes into it, and this one reads.
    private readonly string _folder = Directory.CreateTempSubdirectory("mlflow-backup-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rows_users_and_blobs_come_back_as_they_were()
    {
        var (tracking, users) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        var (newTracking, newUsers) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        await using var account = await StorageAccount.CreateAsync(image);
        var (source, target) = (Environment(tracking, users, ""), Environment(newTracking, newUsers, "/restored"));
        (await RunAsync(source, "migrate")).Succeeded();
        (await RunAsync(Client(tracking), "python", "/scripts/database_content.py", "write")).Succeeded();
        await users.ExecuteAsync("INSERT INTO users (username, password_hash, is_admin) VALUES ('äda', 'x\\y\tz', true), ('bob', 'b', false)");
        (await RunAsync(source, "python", "/scripts/backup_blobs.py", "write")).Succeeded();

        var backup = (await RunAsync(source, "backup", Archive)).Succeeded();
        var restore = (await RunAsync(target, "restore", Archive)).Succeeded();

        Assert.Contains("basic-auth schema: 2 rows of ", backup.Output, StringComparison.Ordinal);
        Assert.EndsWith("restore complete: /backups/backup.zip\n", restore.Output, StringComparison.Ordinal);
        Assert.Equal(await ContentAsync(tracking), await ContentAsync(newTracking));
        Assert.Equal(await RowsAsync(tracking), await RowsAsync(newTracking));
        Assert.Equal(await RowsAsync(users), await RowsAsync(newUsers));
        // Ids are not given twice.
        await newTracking.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('next', 'active')");
        Assert.Equal(
            await tracking.ReadAsync<long>("SELECT last_value + 1 FROM experiments_experiment_id_seq"),
            await newTracking.ReadAsync<int>("SELECT experiment_id FROM experiments WHERE name = 'next'"));
        (await RunAsync(target, "python", "/scripts/backup_blobs.py", "read")).Succeeded();

        Task<ImageRun> RunAsync(Dictionary<string, string> environment, params string[] command) =>
            ImageRun.OfAsync(account.WithCertificate(Container(environment, command)));

        Dictionary<string, string> Environment(TestDatabase tracking, TestDatabase users, string path)
        {
            var environment = new Dictionary<string, string>([.. tracking.Environment, .. StorageAccount.Environment(account.Key(1))])
            {
                ["MLFLOW_APP_NAME"] = "basic-auth",
                ["MLFLOW_AUTH_DATABASE_URI"] = users.Uri,
            };
            environment["MLFLOW_ARTIFACTS_DESTINATION"] += path;
            return environment;
        }
    }

    [Fact]
    public async Task A_backup_of_the_previous_version_is_brought_to_this_one()
    {
        var (old, restored) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        await Tools.PrepareImageAsync(PreviousImage);
        (await ImageRun.OfAsync(image.Container(PreviousImage, Client(old), "python", "/scripts/database_content.py", "write"))).Succeeded();

        (await ImageRun.OfAsync(Container(Stores(old), "backup", Archive))).Succeeded();
        (await ImageRun.OfAsync(Container(Stores(restored), "restore", Archive))).Succeeded();
        (await image.RunAsync(old.Environment, "migrate")).Succeeded();

        Assert.Equal(await ContentAsync(old), await ContentAsync(restored));
        Assert.Equal(await RowsAsync(old), await RowsAsync(restored));
        Assert.Contains("nothing to do", (await image.RunAsync(restored.Environment, "migrate")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_asked_and_kept_when_that_fails()
    {
        var database = await image.CreateDatabaseAsync();
        (await image.RunAsync(database.Environment, "migrate")).Succeeded();
        (await image.RunAsync(Client(database), "python", "/scripts/database_content.py", "write")).Succeeded();
        (await ImageRun.OfAsync(Container(Stores(database), "backup", Archive))).Succeeded();
        var before = await RowsAsync(database);
        await database.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('later', 'active')");
        var after = await RowsAsync(database);

        (await ImageRun.OfAsync(Container(Stores(database), "restore", Archive))).Failed(1, "MLFLOW_BACKEND_STORE_URI: the database is not empty (");
        Assert.Equal(after, await RowsAsync(database));

        // An object of somebody else's needs a table, so that it cannot be replaced.
        await database.ExecuteAsync("CREATE VIEW report AS SELECT name FROM experiments");
        (await ImageRun.OfAsync(Container(Stores(database), "restore", Archive, "--replace")))
            .Failed(1, "the databases are as they were, as they do not take what the archive has: ");
        await database.ExecuteAsync("DROP VIEW report");
        Assert.Equal(after, await RowsAsync(database));

        (await ImageRun.OfAsync(Container(Stores(database), "restore", Archive, "--replace"))).Succeeded();
        Assert.Equal(before, await RowsAsync(database));
    }

    [Fact]
    public async Task A_schema_that_this_image_does_not_know_is_neither_saved_nor_restored()
    {
        var (database, empty) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        (await image.RunAsync(database.Environment, "migrate")).Succeeded();
        (await ImageRun.OfAsync(Container(Stores(database), "backup", Archive))).Succeeded();
        const string change = "import zipfile; z = zipfile.ZipFile('/backups/backup.zip'); w = zipfile.ZipFile('/backups/newer.zip', 'w');"
            + "[w.writestr(n, z.read(n).replace(b'\"revision\": \"', b'\"revision\": \"f')) for n in z.namelist()]; w.close()";
        (await ImageRun.OfAsync(Container([], "python", "-c", change))).Succeeded();

        (await ImageRun.OfAsync(Container(Stores(empty), "restore", "/backups/newer.zip")))
            .Failed(1, "the archive's tracking schema is of mlflow 3.17.2 at revision f");
        Assert.Equal(0, await empty.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));

        await database.ExecuteAsync("UPDATE alembic_version SET version_num = 'newer'");
        (await ImageRun.OfAsync(Container(Stores(database), "backup", "/backups/other.zip")))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the tracking schema is at revision newer");
        Assert.DoesNotContain(Directory.GetFiles(_folder), file => Path.GetFileName(file).StartsWith("other", StringComparison.Ordinal));
    }

    private ContainerBuilder Container(Dictionary<string, string> environment, params string[] command)
    {
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_000_111);
        }

        return image.Container(environment, command).WithBindMount(_folder, "/backups", AccessMode.ReadWrite).WithTmpfsMount("/mnt/artifacts");
    }

    private static Dictionary<string, string> Stores(TestDatabase database) =>
        new(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = "/mnt/artifacts" };

    private static Dictionary<string, string> Client(TestDatabase database) =>
        new(database.Environment) { ["MLFLOW_TRACKING_URI"] = database.Uri.Replace("postgresql:", "postgresql+psycopg2:", StringComparison.Ordinal) };

    /// <summary>What MLflow's own client reads.</summary>
    private async Task<string> ContentAsync(TestDatabase database) =>
        (await image.RunAsync(Client(database), "python", "/scripts/database_content.py", "read")).Succeeded().Output;

    /// <summary>A checksum of the rows of every table.</summary>
    private static async Task<Dictionary<string, string>> RowsAsync(TestDatabase database)
    {
        Dictionary<string, string> rows = [];
        await using var connection = await database.OpenAsync();
        await using var tables = new NpgsqlCommand("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'", connection);
        foreach (var table in ((string)(await tables.ExecuteScalarAsync())!).Split(','))
        {
            var sql = $"SELECT count(*) || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" t";
            await using var command = new NpgsqlCommand(sql, connection);
            rows.Add(table, (string)(await command.ExecuteScalarAsync())!);
        }

        return rows;
    }
}

using DotNet.Testcontainers.Builders;
using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>Backups of a real database and of blobs, and what a restore makes of them.</summary>
[Collection(BackupCollection.Name)]
[Trait("Category", "Image")]
public sealed class BackupTests(ImageFixture image) : IDisposable
{
    private const string Archive = "/backups/backup.zip";

    private readonly BackupFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rows_users_and_blobs_come_back_as_they_were()
    {
        var (tracking, users) = (await image.CreateFilledDatabaseAsync(), await image.CreateDatabaseAsync());
        var (newTracking, newUsers) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        await using var account = await StorageAccount.CreateAsync(image);
        var (source, target) = (Environment(tracking, users, ""), Environment(newTracking, newUsers, "/restored"));
        (await RunAsync(source, "migrate")).Succeeded();
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
    public async Task Users_of_a_provider_come_back_with_their_groups_and_rights()
    {
        var (tracking, users) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        var (newTracking, newUsers) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        var (source, target) = (Environment(tracking, users), Environment(newTracking, newUsers));
        (await image.RunAsync(source, "migrate")).Succeeded();
        await users.ExecuteAsync("""
            INSERT INTO users (username, display_name, is_admin, is_service_account) VALUES ('äda@example.com', 'Ä', true, false), ('bot', 'B', false, true);
            INSERT INTO groups (group_name) VALUES ('mlflow');
            INSERT INTO user_groups (user_id, group_id) SELECT users.id, groups.id FROM users, groups;
            INSERT INTO experiment_permissions (experiment_id, user_id, permission) SELECT '1', id, 'MANAGE' FROM users
            """);

        var backup = (await ImageRun.OfAsync(Container(source, "backup", Archive))).Succeeded();
        (await ImageRun.OfAsync(Container(target, "restore", Archive))).Succeeded();

        Assert.Matches("oidc-auth schema: [0-9]+ rows of ", backup.Output);
        Assert.Equal(await RowsAsync(users), await RowsAsync(newUsers));
        const string right = "SELECT permission FROM experiment_permissions JOIN users ON users.id = user_id WHERE username = 'bot'";
        Assert.Equal("MANAGE", await newUsers.ReadAsync<string>(right));

        static Dictionary<string, string> Environment(TestDatabase tracking, TestDatabase users) =>
            new(BackupFolder.Stores(tracking)) { ["MLFLOW_APP_NAME"] = "oidc-auth", ["OIDC_USERS_DB_URI"] = users.Uri };
    }

    [Fact]
    public async Task No_row_names_a_file_that_is_missing_when_clients_write_all_the_time()
    {
        var (database, restored) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        await using var account = await StorageAccount.CreateAsync(image);
        await using var clients = With(database, "", "python", "/scripts/backup_load.py", "write").Build();
        await clients.StartAsync();
        await clients.WaitForLogAsync("20 runs");

        (await ImageRun.OfAsync(With(database, "", "backup", Archive))).Succeeded();
        var (later, _) = await clients.GetLogsAsync(timestampsEnabled: false);
        // They do not end when they are asked to.
        await DockerCli.RunAsync("kill", clients.Id);
        (await ImageRun.OfAsync(With(restored, "/restored", "restore", Archive))).Succeeded();
        var check = (await ImageRun.OfAsync(With(restored, "/restored", "python", "/scripts/backup_load.py", "check"))).Succeeded();

        var runs = int.Parse(check.Output.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(runs, 20, await database.ReadAsync<long>("SELECT count(*) FROM runs") - 1);
        // They have gone on while the backup read.
        Assert.Contains($"{10 * (runs / 10 + 1)} runs", later, StringComparison.Ordinal);

        ContainerBuilder With(TestDatabase of, string path, params string[] command)
        {
            var environment = new Dictionary<string, string>([.. of.ClientEnvironment, .. StorageAccount.Environment(account.Key(1))]);
            environment["MLFLOW_ARTIFACTS_DESTINATION"] += path;
            return account.WithCertificate(Container(environment, command));
        }
    }

    [Fact]
    public async Task Backups_are_kept_in_a_container_of_blobs()
    {
        var (database, restored) = (await image.CreateFilledDatabaseAsync(), await image.CreateDatabaseAsync());
        await using var account = await StorageAccount.CreateAsync(image);
        (await account.OpenAsync(account.Key(1), "create_container()", "backups")).Succeeded();
        (await RunAsync(database, "", "python", "/scripts/backup_blobs.py", "write")).Succeeded();

        var backup = (await RunAsync(database, "", "backup")).Succeeded();
        var archive = backup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split("backup complete: ")[1];
        (await RunAsync(restored, "/restored", "restore", archive)).Succeeded();

        Assert.StartsWith("wasbs://backups@mlflowstorage.blob.core.windows.net/daily/mlflow-", archive, StringComparison.Ordinal);
        Assert.Equal(await RowsAsync(database), await RowsAsync(restored));
        (await RunAsync(restored, "/restored", "python", "/scripts/backup_blobs.py", "read")).Succeeded();
        (await RunAsync(restored, "/restored", "restore", archive.Replace(".zip", "-other.zip", StringComparison.Ordinal)))
            .Failed(1, archive.Replace(".zip", "-other.zip cannot be read: ", StringComparison.Ordinal));

        Task<ImageRun> RunAsync(TestDatabase of, string path, params string[] command)
        {
            var environment = new Dictionary<string, string>([.. of.Environment, .. StorageAccount.Environment(account.Key(1))])
            {
                ["MLFLOW_BACKUP_DESTINATION"] = "wasbs://backups@mlflowstorage.blob.core.windows.net/daily",
            };
            environment["MLFLOW_ARTIFACTS_DESTINATION"] += path;
            return ImageRun.OfAsync(account.WithCertificate(image.Container(environment, command)));
        }
    }

    [Fact]
    public async Task A_backup_of_the_previous_version_is_brought_to_this_one()
    {
        var ((old, _), restored) = (await image.CreatePreviousDatabaseAsync(), await image.CreateDatabaseAsync());

        (await ImageRun.OfAsync(Container(BackupFolder.Stores(old), "backup", Archive))).Succeeded();
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(restored), "restore", Archive))).Succeeded();
        (await image.RunAsync(old.Environment, "migrate")).Succeeded();

        Assert.Equal(await ContentAsync(old), await ContentAsync(restored));
        Assert.Equal(await RowsAsync(old), await RowsAsync(restored));
        Assert.Contains("nothing to do", (await image.RunAsync(restored.Environment, "migrate")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_asked_and_kept_when_that_fails()
    {
        var database = await image.CreateFilledDatabaseAsync();
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "backup", Archive))).Succeeded();
        var before = await RowsAsync(database);
        await database.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('later', 'active')");
        var after = await RowsAsync(database);

        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "restore", Archive)))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database is not empty (");
        Assert.Equal(after, await RowsAsync(database));

        // An object of somebody else's needs a table, so that it cannot be replaced.
        await database.ExecuteAsync("CREATE VIEW report AS SELECT name FROM experiments");
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "restore", Archive, "--replace")))
            .Failed(1, "the databases are as they were, as they do not take what the archive has: ");
        await database.ExecuteAsync("DROP VIEW report");
        Assert.Equal(after, await RowsAsync(database));

        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "restore", Archive, "--replace"))).Succeeded();
        Assert.Equal(before, await RowsAsync(database));
    }

    [Fact]
    public async Task Rows_that_the_database_does_not_take_change_nothing()
    {
        var (database, empty) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "backup", Archive))).Succeeded();
        // With the checksum that the rows have.
        const string change = """
            import hashlib, json, zipfile
            name, rows, source = "tracking/experiments", b"none\n", zipfile.ZipFile("/backups/backup.zip")
            manifest = json.loads(source.read("manifest.json"))
            manifest["checksums"][name] = hashlib.sha256(rows).hexdigest()
            with zipfile.ZipFile("/backups/wrong.zip", "w") as archive:
                for member in source.namelist():
                    archive.writestr(member, {name: rows, "manifest.json": json.dumps(manifest)}.get(member, source.read(member)))
            """;
        (await ImageRun.OfAsync(Container([], "python", "-c", change))).Succeeded();

        (await ImageRun.OfAsync(Container(BackupFolder.Stores(empty), "restore", "/backups/wrong.zip")))
            .Failed(1, "the databases are as they were, as they do not take what the archive has: ");
        Assert.Equal(0, await empty.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    }

    [Fact]
    public async Task A_schema_that_this_image_does_not_know_is_neither_saved_nor_restored()
    {
        var (database, empty) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "backup", Archive))).Succeeded();
        const string change = "import zipfile; z = zipfile.ZipFile('/backups/backup.zip'); w = zipfile.ZipFile('/backups/newer.zip', 'w');"
            + "[w.writestr(n, z.read(n).replace(b'\"revision\": \"', b'\"revision\": \"f')) for n in z.namelist()]; w.close()";
        (await ImageRun.OfAsync(Container([], "python", "-c", change))).Succeeded();

        (await ImageRun.OfAsync(Container(BackupFolder.Stores(empty), "restore", "/backups/newer.zip")))
            .Failed(1, "the archive's tracking schema is of mlflow 3.17.2 at revision f");
        Assert.Equal(0, await empty.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));

        await database.ExecuteAsync("UPDATE alembic_version SET version_num = 'newer'");
        (await ImageRun.OfAsync(Container(BackupFolder.Stores(database), "backup", "/backups/other.zip")))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the tracking schema is at revision newer");
        Assert.DoesNotContain(_folder.Files, file => file.StartsWith("other", StringComparison.Ordinal));
    }

    private ContainerBuilder Container(Dictionary<string, string> environment, params string[] command) => _folder.In(image.Container(environment, command));

    /// <summary>What MLflow's own client reads.</summary>
    private async Task<string> ContentAsync(TestDatabase database) =>
        (await image.RunAsync(database.ClientEnvironment, "python", "/scripts/database_content.py", "read")).Succeeded().Output;

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

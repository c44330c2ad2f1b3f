using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>Backups of a real database and of blobs, and what a restore makes of them.</summary>
[Collection(BackupCollection.Name)]
[Trait("Category", "Image")]
public sealed class BackupTests(ImageFixture image, BackupStores stores) : IClassFixture<BackupStores>
{
    private readonly TestBackupFolder _folder = image.CreateBackupFolder();

    private string Archive => $"{_folder.Path}/backup.zip";

    [Fact]
    public async Task Rows_users_and_blobs_come_back_as_they_were()
    {
        var (tracking, (users, _)) = (await image.CreateFilledDatabaseAsync(), await image.CreateMigratedUsersAsync("basic-auth", "MLFLOW_AUTH_DATABASE_URI"));
        var (newTracking, newUsers) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        await stores.Account.CreateContainerAsync("backups");
        var (source, target) = (await EnvironmentAsync(tracking, users, "source"), await EnvironmentAsync(newTracking, newUsers, "target"));
        await users.ExecuteAsync("INSERT INTO users (username, password_hash, is_admin) VALUES ('äda', 'x\\y\tz', true), ('bob', 'b', false)");
        (await image.RunAsync(source, "python", "/scripts/backup_blobs.py", "write")).Succeeded();

        var backup = (await image.RunAsync(source, "backup")).Succeeded();
        var archive = backup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split("backup complete: ")[1];
        var restore = (await image.RunAsync(target, "restore", archive)).Succeeded();

        Assert.StartsWith("wasbs://backups@mlflowstorage.blob.core.windows.net/daily/mlflow-", archive, StringComparison.Ordinal);
        Assert.Contains("basic-auth schema: 2 rows of ", backup.Output, StringComparison.Ordinal);
        Assert.EndsWith($"restore complete: {archive}\n", restore.Output, StringComparison.Ordinal);
        await AssertSameContentAsync(tracking, newTracking);
        Assert.Equal(await RowsAsync(users), await RowsAsync(newUsers));
        // Ids are not given twice.
        await newTracking.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('next', 'active')");
        Assert.Equal(
            await tracking.ReadAsync<long>("SELECT last_value + 1 FROM experiments_experiment_id_seq"),
            await newTracking.ReadAsync<int>("SELECT experiment_id FROM experiments WHERE name = 'next'"));
        (await image.RunAsync(target, "python", "/scripts/backup_blobs.py", "read")).Succeeded();
        var other = archive.Replace(".zip", "-other.zip", StringComparison.Ordinal);
        (await image.RunAsync(target, "restore", other)).Failed(1, $"{other} cannot be read: ");

        async Task<Dictionary<string, string>> EnvironmentAsync(TestDatabase tracking, TestDatabase users, string container) =>
            new([.. tracking.Environment, .. await stores.ArtifactsAsync(container)])
            {
                ["MLFLOW_APP_NAME"] = "basic-auth",
                ["MLFLOW_AUTH_DATABASE_URI"] = users.Uri,
                ["MLFLOW_BACKUP_DESTINATION"] = "wasbs://backups@mlflowstorage.blob.core.windows.net/daily",
            };
    }

    [Fact]
    public async Task Users_of_a_provider_come_back_with_their_groups_and_rights()
    {
        var (tracking, (users, _)) = (await image.CreateMigratedDatabaseAsync(), await image.CreateMigratedUsersAsync("oidc-auth", "OIDC_USERS_DB_URI"));
        var (newTracking, newUsers) = (await image.CreateDatabaseAsync(), await image.CreateDatabaseAsync());
        await users.ExecuteAsync("""
            INSERT INTO users (username, display_name, is_admin, is_service_account) VALUES ('äda@example.com', 'Ä', true, false), ('bot', 'B', false, true);
            INSERT INTO groups (group_name) VALUES ('mlflow');
            INSERT INTO user_groups (user_id, group_id) SELECT users.id, groups.id FROM users, groups;
            INSERT INTO experiment_permissions (experiment_id, user_id, permission) SELECT '1', id, 'MANAGE' FROM users
            """);

        var backup = (await image.RunAsync(Environment(tracking, users), "backup", Archive)).Succeeded();
        (await image.RunAsync(Environment(newTracking, newUsers), "restore", Archive)).Succeeded();

        Assert.Matches("oidc-auth schema: [0-9]+ rows of ", backup.Output);
        Assert.Equal(await RowsAsync(users), await RowsAsync(newUsers));
        const string right = "SELECT permission FROM experiment_permissions JOIN users ON users.id = user_id WHERE username = 'bot'";
        Assert.Equal("MANAGE", await newUsers.ReadAsync<string>(right));

        static Dictionary<string, string> Environment(TestDatabase tracking, TestDatabase users) =>
            new(TestBackupFolder.Stores(tracking)) { ["MLFLOW_APP_NAME"] = "oidc-auth", ["OIDC_USERS_DB_URI"] = users.Uri };
    }

    [Fact]
    public async Task No_row_names_a_file_that_is_missing_when_clients_write_all_the_time()
    {
        var (database, restored) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        var (from, to) = (await EnvironmentAsync(database, "load"), await EnvironmentAsync(restored, "kept"));
        await using var clients = image.Container(from, "python", "/scripts/backup_load.py", "write").Build();
        await clients.StartAsync();
        await clients.WaitForLogAsync("20 runs");

        (await image.RunAsync(from, "backup", Archive)).Succeeded();
        var written = await database.ReadAsync<long>("SELECT count(*) FROM runs");
        // They do not end when they are asked to.
        await DockerCli.RunAsync("kill", clients.Id);
        (await image.RunAsync(to, "restore", Archive)).Succeeded();
        var check = (await image.RunAsync(to, "python", "/scripts/backup_load.py", "check")).Succeeded();

        var runs = int.Parse(check.Output.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        // They have gone on while the backup read.
        Assert.InRange(runs, 20, written - 1);

        async Task<Dictionary<string, string>> EnvironmentAsync(TestDatabase of, string container) =>
            new([.. of.ClientEnvironment, .. await stores.ArtifactsAsync(container)]);
    }

    [Fact]
    public async Task A_backup_of_the_previous_version_is_brought_to_this_one()
    {
        var ((old, _), restored) = (await image.CreatePreviousDatabaseAsync(), await image.CreateDatabaseAsync());

        (await image.RunAsync(TestBackupFolder.Stores(old), "backup", Archive)).Succeeded();
        (await image.RunAsync(TestBackupFolder.Stores(restored), "restore", Archive)).Succeeded();
        (await image.RunAsync(old.Environment, "migrate")).Succeeded();

        await AssertSameContentAsync(old, restored);
        Assert.Contains("nothing to do", (await image.RunAsync(restored.Environment, "migrate")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_asked_and_kept_when_that_fails()
    {
        var database = await image.CreateFilledDatabaseAsync();
        var before = await RowsAsync(database);
        await database.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('later', 'active')");
        var after = await RowsAsync(database);

        (await image.RunAsync(TestBackupFolder.Stores(database), "restore", stores.Archive))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database is not empty (");
        Assert.Equal(after, await RowsAsync(database));

        // An object of somebody else's needs a table, so that it cannot be replaced.
        await database.ExecuteAsync("CREATE VIEW report AS SELECT name FROM experiments");
        (await image.RunAsync(TestBackupFolder.Stores(database), "restore", stores.Archive, "--replace"))
            .Failed(1, "the databases are as they were, as they do not take what the archive has: ");
        await database.ExecuteAsync("DROP VIEW report");
        Assert.Equal(after, await RowsAsync(database));

        (await image.RunAsync(TestBackupFolder.Stores(database), "restore", stores.Archive, "--replace")).Succeeded();
        Assert.Equal(before, await RowsAsync(database));
    }

    [Fact]
    public async Task Rows_that_the_database_does_not_take_change_nothing()
    {
        var empty = await image.CreateDatabaseAsync();
        // With the checksum that the rows have.
        const string change = """
            import hashlib, json, sys, zipfile
            name, rows, source = "tracking/experiments", b"none\n", zipfile.ZipFile(sys.argv[1])
            manifest = json.loads(source.read("manifest.json"))
            manifest["checksums"][name] = hashlib.sha256(rows).hexdigest()
            with zipfile.ZipFile(sys.argv[2], "w") as archive:
                for member in source.namelist():
                    archive.writestr(member, {name: rows, "manifest.json": json.dumps(manifest)}.get(member, source.read(member)))
            """;
        (await image.RunAsync(new Dictionary<string, string>(), "python", "-c", change, stores.Archive, Archive)).Succeeded();

        (await image.RunAsync(TestBackupFolder.Stores(empty), "restore", Archive))
            .Failed(1, "the databases are as they were, as they do not take what the archive has: ");
        Assert.Equal(0, await empty.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    }

    [Fact]
    public async Task A_schema_that_this_image_does_not_know_is_neither_saved_nor_restored()
    {
        var (database, empty) = (await image.CreateMigratedDatabaseAsync(), await image.CreateDatabaseAsync());
        const string change = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); w = zipfile.ZipFile(sys.argv[2], 'w');"
            + "[w.writestr(n, z.read(n).replace(b'\"revision\": \"', b'\"revision\": \"f')) for n in z.namelist()]; w.close()";
        (await image.RunAsync(new Dictionary<string, string>(), "python", "-c", change, stores.Archive, $"{_folder.Path}/newer.zip")).Succeeded();

        (await image.RunAsync(TestBackupFolder.Stores(empty), "restore", $"{_folder.Path}/newer.zip"))
            .Failed(1, "the archive's tracking schema is of mlflow 3.17.2 at revision f");
        Assert.Equal(0, await empty.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));

        await database.ExecuteAsync("UPDATE alembic_version SET version_num = 'newer'");
        (await image.RunAsync(TestBackupFolder.Stores(database), "backup", $"{_folder.Path}/other.zip"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the tracking schema is at revision newer");
        Assert.Equal(["newer.zip"], _folder.Files);
    }

    /// <summary>To MLflow's own client, and in every row.</summary>
    private async Task AssertSameContentAsync(TestDatabase first, TestDatabase second)
    {
        var content = await image.ContentAsync(first, second);
        Assert.Equal(content[0], content[1]);
        Assert.Equal(await RowsAsync(first), await RowsAsync(second));
    }

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

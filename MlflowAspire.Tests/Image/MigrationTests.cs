using Npgsql;

namespace MlflowAspire.Tests.Image;

[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public class MigrationTests(ImageFixture image)
{
    // The advisory lock that keeps two migrations apart.
    private const int Lock = 5_000_317;

    [Fact]
    public async Task An_empty_database_gets_the_tables_once()
    {
        var (database, first) = await image.CreateMigratedDatabaseAndRunAsync();
        var revision = await database.ReadAsync<string>("SELECT version_num FROM alembic_version");
        var second = (await image.RunAsync(database.Environment, "migrate")).Succeeded();

        Assert.Contains($"tracking schema: migrated from nothing to {revision}", first.Output, StringComparison.Ordinal);
        Assert.Equal($"mlflow-aspire: tracking schema: at revision {revision}, nothing to do\n", second.Output);
        Assert.Equal(0, await database.ReadAsync<long>("SELECT count(*) FROM experiments"));
        // Wide enough for the name and version of a prompt.
        Assert.Equal(300, await database.ReadAsync<int>(
            "SELECT character_maximum_length::int FROM information_schema.columns "
            + "WHERE (table_name, column_name) = ('entity_associations', 'destination_id')"));
    }

    [Fact]
    public async Task The_database_of_the_previous_version_keeps_its_content()
    {
        var (database, previous) = await image.CreatePreviousDatabaseAsync();
        var written = Result(previous.Output);
        var migration = (await image.RunAsync(database.Environment, "migrate")).Succeeded();
        var read = Assert.Single(await image.ContentAsync(database));

        Assert.DoesNotContain("from nothing", migration.Output, StringComparison.Ordinal);
        Assert.Contains("tracking schema: migrated from ", migration.Output, StringComparison.Ordinal);
        Assert.Contains("'; DROP TABLE runs; --", written, StringComparison.Ordinal);
        Assert.Equal(written, read);
        // There is no way back: the previous version does not open what has been migrated.
        var back = await ImageRun.OfAsync(
            image.Container(ImageFixture.PreviousImage, database.ClientEnvironment, "python", "/scripts/database_content.py", "read"));
        Assert.NotEqual(0, back.ExitCode);
        Assert.Contains("Detected out-of-date database schema", back.Errors, StringComparison.Ordinal);

        static string Result(string output) => output.Split("RESULT ")[1].TrimEnd();
    }

    [Fact]
    public async Task Only_migrate_moves_the_schema_of_the_previous_version()
    {
        var (database, _) = await image.CreatePreviousDatabaseAsync();
        const string revisionQuery = "SELECT version_num FROM alembic_version";
        const string tablesQuery = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        var revision = await database.ReadAsync<string>(revisionQuery);
        var tables = await database.ReadAsync<long>(tablesQuery);
        var environment = new Dictionary<string, string>([.. MlflowServer.Settings, .. database.Environment]) { ["MLFLOW_ARTIFACTS_DESTINATION"] = "/tmp" };

        foreach (var command in (string[])["serve", "gc"])
        {
            (await image.RunAsync(environment, command))
                .Failed(1, $"MLFLOW_BACKEND_STORE_URI: the tracking schema is at revision {revision}, and mlflow 3.17.2 needs ");
        }

        Assert.Equal(revision, await database.ReadAsync<string>(revisionQuery));
        Assert.Equal(tables, await database.ReadAsync<long>(tablesQuery));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("gc")]
    public async Task Only_migrate_makes_tables(string command)
    {
        var database = await image.CreateDatabaseAsync();
        var environment = new Dictionary<string, string>([.. MlflowServer.Settings, .. database.Environment]) { ["MLFLOW_ARTIFACTS_DESTINATION"] = "/tmp" };

        (await image.RunAsync(environment, command)).Failed(1, "MLFLOW_BACKEND_STORE_URI: the tracking schema is not there, and mlflow 3.17.2 needs ");

        Assert.Equal(0, await database.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    }

    [Fact]
    public async Task Of_two_at_once_one_migrates_and_the_other_waits()
    {
        var database = await image.CreateDatabaseAsync();
        await using var connection = await database.OpenAsync();
        await ExecuteAsync($"SELECT pg_advisory_lock({Lock})");
        await using var first = image.Container(database.Environment, "migrate").Build();
        await using var second = image.Container(database.Environment, "migrate").Build();

        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        await Task.WhenAll(first.WaitForLogAsync("another migration is running"), second.WaitForLogAsync("another migration is running"));
        await ExecuteAsync($"SELECT pg_advisory_unlock({Lock})");
        var runs = await Task.WhenAll(ImageRun.EndOfAsync(first), ImageRun.EndOfAsync(second));

        Assert.Single(runs, run => run.Succeeded().Output.Contains("tracking schema: migrated from nothing to ", StringComparison.Ordinal));
        Assert.Single(runs, run => run.Output.Contains("nothing to do", StringComparison.Ordinal));

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_database_that_comes_late_is_waited_for()
    {
        await using var server = image.PostgresServer("late");
        var environment = new Dictionary<string, string>
        {
            ["MLFLOW_BACKEND_STORE_URI"] = "postgresql://late/postgres",
            ["PGUSER"] = "postgres",
            ["PGPASSWORD"] = ImageFixture.Password,
            // A busy machine may need more than the minute that is the default to start PostgreSQL.
            ["MLFLOW_DATABASE_TIMEOUT_SECONDS"] = "300",
        };

        await using var migration = image.Container(environment, "migrate").Build();
        await migration.StartAsync();
        await migration.WaitForLogAsync("waiting up to 300 s for the database of MLFLOW_BACKEND_STORE_URI");
        await server.StartAsync();

        Assert.Contains("migrated from nothing", (await ImageRun.EndOfAsync(migration)).Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("basic-auth", "MLFLOW_AUTH_DATABASE_URI", "alembic_version_auth")]
    [InlineData("oidc-auth", "OIDC_USERS_DB_URI", "alembic_version")]
    public async Task The_users_of_a_sign_in_have_a_database_of_their_own(string app, string setting, string versionTable)
    {
        var tracking = await image.CreateMigratedDatabaseAsync();
        var (users, first) = await image.CreateMigratedUsersAsync(app, setting);
        var environment = new Dictionary<string, string>(tracking.Environment) { ["MLFLOW_APP_NAME"] = app, [setting] = users.Uri };

        var second = (await image.RunAsync(environment, "migrate")).Succeeded();

        var revision = await users.ReadAsync<string>($"SELECT version_num FROM {versionTable}");
        Assert.Contains($"{app} schema: migrated from nothing to {revision}", first.Output, StringComparison.Ordinal);
        Assert.Contains($"{app} schema: at revision {revision}, nothing to do", second.Output, StringComparison.Ordinal);
        Assert.Equal(0, await users.ReadAsync<long>("SELECT count(*) FROM users"));
    }
}

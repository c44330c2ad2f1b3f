namespace MlflowAspire.Tests.Image;

[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public class RefusedMigrationTests(ImageFixture image)
{
    private const string Setting = "MLFLOW_BACKEND_STORE_URI";

    [Theory]
    [InlineData("PGPASSWORD", "another password", "password authentication failed for user \"postgres\"")]
    [InlineData("PGUSER", "nobody", "password authentication failed for user \"nobody\"")]
    [InlineData(Setting, "postgresql://db/missing", "database \"missing\" does not exist")]
    [InlineData(Setting, "postgresql://db/postgres?sslmode=require", "server does not support SSL, but SSL was required")]
    public async Task What_waiting_does_not_help_fails_at_once(string name, string value, string reason)
    {
        var database = await image.CreateDatabaseAsync();

        var run = await image.RunAsync(new Dictionary<string, string>(database.Environment) { [name] = value }, "migrate");

        run.Failed(1, $"{Setting}: the database refuses the connection: ");
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("waiting", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("another password", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_of_a_newer_version_is_left_alone()
    {
        var database = await image.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('from_the_future')");

        (await image.RunAsync(database.Environment, "migrate"))
            .Failed(1, $"{Setting}: the tracking schema is at revision from_the_future, which mlflow 3.17.2 does not know");
        Assert.Equal("from_the_future", await database.ReadAsync<string>("SELECT version_num FROM alembic_version"));
    }

    [Theory]
    [InlineData("basic-auth", "MLFLOW_AUTH_DATABASE_URI", "oidc-auth", "OIDC_USERS_DB_URI")]
    [InlineData("oidc-auth", "OIDC_USERS_DB_URI", "basic-auth", "MLFLOW_AUTH_DATABASE_URI")]
    public async Task The_tables_of_another_sign_in_are_left_alone(string first, string firstSetting, string second, string secondSetting)
    {
        var tracking = await image.CreateMigratedDatabaseAsync();
        var (users, _) = await image.CreateMigratedUsersAsync(first, firstSetting);
        var tables = await TablesAsync();

        var environment = new Dictionary<string, string>(tracking.Environment) { ["MLFLOW_APP_NAME"] = second, [secondSetting] = users.Uri };
        var migration = await image.RunAsync(environment, "migrate");

        migration.Failed(1, $"{secondSetting}: the database has tables that are not of the {second} schema (");
        Assert.Contains("users", migration.Errors, StringComparison.Ordinal);
        Assert.Equal(tables, await TablesAsync());

        Task<string> TablesAsync() =>
            users.ReadAsync<string>("SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'");
    }

    [Fact]
    public async Task The_missing_database_of_users_is_named()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        var environment = new Dictionary<string, string>(database.Environment)
        {
            ["MLFLOW_APP_NAME"] = "basic-auth",
            ["MLFLOW_AUTH_DATABASE_URI"] = "postgresql://db/missing",
        };

        (await image.RunAsync(environment, "migrate")).Failed(1, "MLFLOW_AUTH_DATABASE_URI: the database refuses the connection: ");
    }
}

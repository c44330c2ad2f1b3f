namespace MlflowAspire.Tests.Image;

/// <summary>
/// Another administrator signs in to the database than the one that made the tables, as in Azure, where the one with a password and the identity are members of
/// one group and no superusers: docs/upgrade.md.
/// </summary>
[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public sealed class HandOverTests(ImageFixture image)
{
    private const string Administrators = "azure_pg_admin";
    private const string Password = "a p@ss:w/rd%1";

    [Fact]
    public async Task Tables_of_the_password_serve_the_identity_and_the_other_way_round()
    {
        var (administrator, identity) = await CreateRolesAsync();
        var database = await image.CreateMigratedDatabaseAsync(administrator);
        await using var before = await MlflowServer.MigrateAndStartAsync(image, As(database, administrator));
        await WriteAsync(before);
        (await image.RunAsync(As(database, administrator), "hand-over")).Succeeded();
        // The one that is replaced goes on serving.
        await WriteAsync(before);

        await database.ExecuteAsync(
            $"ALTER ROLE {administrator} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{administrator}'");
        await using (var after = await MlflowServer.MigrateAndStartAsync(image, As(database, identity)))
        {
            await WriteAsync(after);
            // What a migration of the identity makes.
            await ExecuteAsync(database, identity, "CREATE TABLE newer (id integer); ALTER TABLE experiments ADD COLUMN newer integer");
            (await image.RunAsync(As(database, identity), "hand-over")).Succeeded();
        }

        // The first server has no connection left, so that it signs in anew.
        await database.ExecuteAsync($"ALTER ROLE {administrator} LOGIN; ALTER ROLE \"{identity}\" NOLOGIN");
        (await image.RunAsync(As(database, administrator), "migrate")).Succeeded();
        await WriteAsync(before);
        await ExecuteAsync(database, administrator, "ALTER TABLE newer ADD COLUMN newest integer; ALTER TABLE experiments DROP COLUMN newer");
        Assert.Equal(4, await database.ReadAsync<long>("SELECT count(*) FROM runs"));
    }

    [Fact]
    public async Task Identity_migrates_what_the_previous_version_left()
    {
        var (administrator, identity) = await CreateRolesAsync();
        var (database, _) = await image.CreatePreviousDatabaseAsync(administrator);

        var refused = await image.RunAsync(As(database, identity), "migrate");
        Assert.Contains("permission denied for table alembic_version", refused.Output + refused.Errors, StringComparison.Ordinal);

        (await image.RunAsync(As(database, administrator), "hand-over")).Succeeded();
        var migrated = (await image.RunAsync(As(database, identity), "migrate")).Succeeded();
        Assert.Contains("tracking schema: migrated from ", migrated.Output, StringComparison.Ordinal);
    }

    /// <summary>The users of OpenID Connect were in the database mlflow_auth once.</summary>
    [Fact]
    public async Task Users_are_carried_over_into_their_own_database()
    {
        // The users' databases are of the group, as each of its members makes tables there.
        var (administrator, identity) = await CreateRolesAsync();
        var (database, old, @new) = (await image.CreateMigratedDatabaseAsync(identity), await CreateUsersAsync(), await CreateUsersAsync());
        await ExecuteAsync(old, identity,
            "INSERT INTO users (username, display_name, is_admin, is_service_account, active, managed_by) VALUES ('ada', 'Ada', true, false, true, 'manual')");

        // The new version has started without users. Both databases are handed over, for another administrator to read one and to write the other.
        (await image.RunAsync(WithUsersIn(@new), "hand-over")).Succeeded();
        (await image.RunAsync(WithUsersIn(old), "hand-over")).Succeeded();
        var copy = $"pg_dump --format custom --file /tmp/users {Connection(old)} && "
            + $"pg_restore --clean --if-exists --no-owner --no-privileges --role mlflow_owner --exit-on-error --dbname {Connection(@new)} /tmp/users";
        (await ImageRun.OfAsync(image.Container("postgres:17.6", new Dictionary<string, string> { ["PGPASSWORD"] = Password }, "sh", "-c", copy))).Succeeded();

        (await image.RunAsync(WithUsersIn(@new), "migrate")).Succeeded();
        Assert.Equal("ada", await @new.ReadAsync<string>($"SET SESSION AUTHORIZATION \"{identity}\"; SELECT username FROM users WHERE is_admin"));
        Assert.Equal("mlflow_owner", await @new.ReadAsync<string>("SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"));

        async Task<TestDatabase> CreateUsersAsync()
        {
            var (users, _) = await image.CreateMigratedUsersAsync("oidc-auth", "OIDC_USERS_DB_URI", identity);
            await users.ExecuteAsync($"ALTER DATABASE {users.Name} OWNER TO {Administrators}");
            return users;
        }

        Dictionary<string, string> WithUsersIn(TestDatabase users) =>
            new(As(database, identity)) { ["MLFLOW_APP_NAME"] = "oidc-auth", ["OIDC_USERS_DB_URI"] = users.Uri };

        string Connection(TestDatabase users) => $"'host={ImageFixture.DatabaseHost} dbname={users.Name} user={administrator}'";
    }

    /// <summary>Two administrators of one group: one that is there from the beginning, and one that joins.</summary>
    private async Task<(string Administrator, string Identity)> CreateRolesAsync()
    {
        var server = await image.CreateDatabaseAsync();
        var (administrator, identity) = ($"a{server.Name[^12..]}", $"mlflow_identity-{server.Name[^12..]}");
        await server.ExecuteAsync($"DO $$ BEGIN CREATE ROLE {Administrators} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        foreach (var role in new[] { administrator, identity })
        {
            await server.ExecuteAsync($"CREATE ROLE \"{role}\" LOGIN CREATEROLE CREATEDB PASSWORD '{Password}' IN ROLE {Administrators}");
        }

        return (administrator, identity);
    }

    private static Dictionary<string, string> As(TestDatabase database, string role) =>
        new(database.Environment) { ["PGUSER"] = role, ["PGPASSWORD"] = Password };

    private static Task ExecuteAsync(TestDatabase database, string role, string sql) => database.ExecuteAsync($"SET SESSION AUTHORIZATION \"{role}\"; {sql}");

    private static Task<string> WriteAsync(MlflowServer server) => server.PythonAsync(
        "import requests; requests.post('http://localhost:5000/api/2.0/mlflow/runs/create', json={'experiment_id': '0'}, timeout=30).raise_for_status()");
}

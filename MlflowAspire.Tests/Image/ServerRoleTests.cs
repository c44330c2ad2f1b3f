namespace MlflowAspire.Tests.Image;

/// <summary>The owner of the tables migrates and collects garbage; the server signs in as a role that reads and writes rows and changes no schema.</summary>
[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public sealed class ServerRoleTests(ImageFixture image)
{
    private const string Password = "a p@ss:w/rd%1";

    [Theory]
    [InlineData("basic-auth", "MLFLOW_AUTH_DATABASE_URI")]
    [InlineData("oidc-auth", "OIDC_USERS_DB_URI")]
    public async Task The_server_writes_rows_and_changes_no_schema(string app, string setting)
    {
        var (database, owner, role) = await CreateAsync();
        var (users, _) = await image.CreateMigratedUsersAsync(app, setting, owner);
        var settings = new Dictionary<string, string>(database.Environment)
        {
            ["MLFLOW_APP_NAME"] = app,
            [setting] = users.Uri,
            ["MLFLOW_AUTH_ADMIN_PASSWORD"] = "the password of an administrator",
            ["OIDC_DISCOVERY_URL"] = "http://identity/.well-known/openid-configuration",
            ["OIDC_CLIENT_ID"] = "mlflow",
            ["OIDC_CLIENT_SECRET"] = "secret",
            ["SECRET_KEY"] = "a key",
            ["MLFLOW_DATABASE_SERVER_ROLE"] = role,
            ["MLFLOW_READINESS_PORT"] = "5001",
        };
        (await image.RunAsync(As(settings, owner), "migrate")).Succeeded();
        // Again does no harm.
        (await image.RunAsync(As(settings, owner), "migrate")).Succeeded();

        await using var server = await MlflowServer.StartAsync(image, As(settings, role));

        Assert.Equal("200", await server.PythonAsync("import requests; print(requests.get('http://localhost:5001/ready', timeout=30).status_code)"));
        if (app == "basic-auth")
        {
            Assert.Equal(401, await server.StatusAsync("/version"));
            const string Call = "import requests; r = lambda path, body: requests.post(f'http://localhost:5000/api/2.0/mlflow/{path}', json=body, "
                + "auth=('admin', 'the password of an administrator'), timeout=30)";
            Assert.Equal("200 200", await server.PythonAsync(
                $"{Call}; print(r('runs/create', {{'experiment_id': '0'}}).status_code, "
                + "r('users/create', {'username': 'ada', 'password': 'twelve letters'}).status_code)"));
            Assert.Equal(1, await users.ReadAsync<long>("SELECT count(*) FROM users WHERE username = 'ada'"));
        }

        foreach (var (name, table) in new[] { (database.Name, "experiments"), (users.Name, "users") })
        {
            Assert.Equal("42501", await ExecuteAsync(server, name, "CREATE TABLE mine (id integer)"));
            Assert.Equal("42501", await ExecuteAsync(server, name, $"DROP TABLE {table} CASCADE"));
            Assert.Equal("42501", await ExecuteAsync(server, name, $"ALTER TABLE {table} ADD COLUMN mine integer"));
        }

        // What a later migration makes.
        await database.ExecuteAsync($"SET SESSION AUTHORIZATION {owner}; CREATE TABLE newer (id serial)");
        Assert.Equal("None", await ExecuteAsync(server, database.Name, "INSERT INTO newer DEFAULT VALUES"));
    }

    [Fact]
    public async Task A_role_that_could_change_the_schema_is_refused()
    {
        var (database, owner, role) = await CreateAsync();
        await database.ExecuteAsync($"GRANT {owner} TO \"{role}\"");
        (await image.RunAsync(new Dictionary<string, string>(As(database.Environment, owner)) { ["MLFLOW_DATABASE_SERVER_ROLE"] = role }, "migrate"))
            .Failed(
                1,
                $"MLFLOW_BACKEND_STORE_URI: the role '{role}' may make or change tables; "
                + "MLFLOW_DATABASE_SERVER_ROLE is a role without rights of its own");
    }

    [Fact]
    public async Task A_role_that_is_not_there_is_told()
    {
        var (database, owner, _) = await CreateAsync();
        (await image.RunAsync(new Dictionary<string, string>(As(database.Environment, owner)) { ["MLFLOW_DATABASE_SERVER_ROLE"] = "nobody" }, "migrate"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database server has no role 'nobody' (MLFLOW_DATABASE_SERVER_ROLE)");
    }

    /// <summary>As in Azure, where an administrator makes the role of an identity by a function in the database postgres.</summary>
    [Fact]
    public async Task The_role_of_an_identity_is_made()
    {
        const string Owner = "owner", Identity = "mlflow-identity";
        await using var azure = image.PostgresServer("azure");
        await azure.StartAsync();
        var database = await TestDatabase.CreateAsync(azure.GetConnectionString());
        await database.ExecuteAsync($"CREATE ROLE {Owner} LOGIN PASSWORD '{Password}'; ALTER DATABASE {database.Name} OWNER TO {Owner}");
        await azure.ExecScriptAsync("""
            CREATE FUNCTION pgaadauth_create_principal(name text, administrator boolean, mfa boolean) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
            AS $$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN', name); RETURN name; END $$
            """);
        var settings = new Dictionary<string, string>(As(database.Environment, Owner))
        {
            // Not by a replacement: the name of a database may have the letters of the host.
            ["MLFLOW_BACKEND_STORE_URI"] = $"postgresql://azure:5432/{database.Name}",
            ["MLFLOW_DATABASE_SERVER_ROLE"] = Identity,
        };

        (await image.RunAsync(settings, "migrate")).Succeeded();

        Assert.True(await database.ReadAsync<bool>(
            $"SELECT has_table_privilege('{Identity}', 'runs', 'INSERT') AND NOT has_schema_privilege('{Identity}', 'public', 'CREATE')"));
    }

    /// <summary>A database, its owner, and a role that has nothing.</summary>
    private async Task<(TestDatabase Database, string Owner, string Role)> CreateAsync()
    {
        var server = await image.CreateDatabaseAsync();
        var (owner, role) = ($"o{server.Name[^12..]}", $"mlflow:100%-{server.Name[^12..]}");
        foreach (var name in new[] { owner, role })
        {
            await server.ExecuteAsync($"CREATE ROLE \"{name}\" LOGIN PASSWORD '{Password}'");
        }

        return (await image.CreateMigratedDatabaseAsync(owner), owner, role);
    }

    private static Dictionary<string, string> As(Dictionary<string, string> settings, string role) =>
        new(settings) { ["PGUSER"] = role, ["PGPASSWORD"] = Password };

    /// <summary>PostgreSQL's code of what the server's role gets for a statement.</summary>
    private static Task<string> ExecuteAsync(MlflowServer server, string database, string sql) => server.PythonAsync($"""
        import psycopg2
        connection = psycopg2.connect(host='{ImageFixture.DatabaseHost}', dbname='{database}')
        connection.autocommit = True
        try: print(connection.cursor().execute('{sql}'))
        except psycopg2.Error as error: print(error.pgcode)
        """);
}

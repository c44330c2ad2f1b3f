namespace MlflowAspire.Tests.Image;

[Collection(DatabaseCollection.Name)]
[Trait("Category", "Image")]
public sealed class EntraSignInTests(ImageFixture image, EntraIdentity identity) : IClassFixture<EntraIdentity>, IAsyncLifetime
{
    private readonly IdentityEndpoint _identity = identity.Endpoint;
    private readonly TestDatabase _server = identity.Server;
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await image.CreateDatabaseAsync(_identity.Role);

    public Task DisposeAsync() => Task.CompletedTask;

    private Dictionary<string, string> Environment => new(_identity.Environment) { ["MLFLOW_BACKEND_STORE_URI"] = _database.Uri + "?plugin=entra" };

    [Fact]
    public async Task The_server_goes_on_when_its_token_has_expired()
    {
        const string request = "/api/2.0/mlflow/experiments/search?max_results=1";
        var first = await _identity.IssueAsync(_server);
        await using var server = await MlflowServer.MigrateAndStartAsync(image, Environment);
        Assert.Equal(200, await server.StatusAsync(request));
        Assert.Equal(_identity.Role, await _database.ReadAsync<string>("SELECT tableowner FROM pg_tables WHERE tablename = 'experiments'"));

        await _identity.IssueAsync(_server);
        var answered = await _identity.AnsweredAsync();
        Assert.Contains("password authentication failed", await ConnectAsync(server, first), StringComparison.Ordinal);
        Assert.True(await _server.ReadAsync<long>($"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{_identity.Role}'") > 0);

        Assert.Equal(200, await server.StatusAsync(request));
        Assert.True(await _identity.AnsweredAsync() > answered, await server.LogsAsync());
        Assert.DoesNotContain(first, await server.LogsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("basic-auth", "MLFLOW_AUTH_DATABASE_URI")]
    [InlineData("oidc-auth", "OIDC_USERS_DB_URI")]
    public async Task A_named_role_signs_in_to_all_databases(string app, string setting)
    {
        await _identity.IssueAsync(_server);
        var tracking = await image.CreateMigratedDatabaseAsync(_identity.Role);
        // Basic authentication may have its users in the same database.
        var users = app == "basic-auth" ? tracking : await image.CreateDatabaseAsync(_identity.Role);
        var environment = new Dictionary<string, string>(Environment)
        {
            ["MLFLOW_BACKEND_STORE_URI"] = tracking.Uri + "?plugin=entra",
            ["PGUSER"] = _identity.Role,
            ["MLFLOW_APP_NAME"] = app,
            [setting] = users.Uri + "?plugin=entra",
        };

        (await image.RunAsync(environment, "migrate")).Succeeded();

        Assert.Equal(_identity.Role, await users.ReadAsync<string>("SELECT tableowner FROM pg_tables WHERE tablename = 'users'"));
    }

    [Fact]
    public async Task A_token_is_no_password_of_another_role()
    {
        await _identity.IssueAsync(_server);

        (await image.RunAsync(new Dictionary<string, string>(Environment) { ["PGUSER"] = "postgres" }, "migrate"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database refuses the connection: ");
    }

    [Fact]
    public async Task An_identity_that_gets_no_token_is_told_so()
    {
        await _identity.IssueAsync(_server);

        (await image.RunAsync(new Dictionary<string, string>(Environment) { ["IDENTITY_HEADER"] = "another header" }, "migrate"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: Microsoft Entra gave no token for PostgreSQL (AZURE_CLIENT_ID names the identity): ");
    }

    private async Task<string> ConnectAsync(MlflowServer server, string password) =>
        await server.PythonAsync($"""
            import psycopg2
            try: psycopg2.connect(host='{ImageFixture.DatabaseHost}', dbname='{_database.Name}', user='{_identity.Role}', password='{password}')
            except psycopg2.OperationalError as error: print(error)
            """);
}

/// <summary>An identity, and a connection to the server that knows its role.</summary>
public sealed class EntraIdentity(ImageFixture image) : IAsyncLifetime
{
    public IdentityEndpoint Endpoint { get; } = new(image);

    public TestDatabase Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await image.CreateDatabaseAsync();
        await Server.ExecuteAsync($"CREATE ROLE \"{Endpoint.Role}\" LOGIN");
        await Endpoint.StartAsync();
    }

    public async Task DisposeAsync() => await Endpoint.DisposeAsync();
}

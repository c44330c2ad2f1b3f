using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>What the server answers while its database fails in a way that passes.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public sealed class DatabaseFaultTests(DatabaseFaultServer fixture) : IClassFixture<DatabaseFaultServer>
{
    [Fact]
    public async Task A_statement_that_takes_too_long_is_ended_and_may_be_repeated()
    {
        await using var connection = await fixture.Database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE experiments", connection, transaction))
        {
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal("503 1 False", await CreateExperimentAsync("slow"));
        await transaction.RollbackAsync();
        Assert.Equal("200 None False", await CreateExperimentAsync("slow"));
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_may_be_asked_again()
    {
        // This session began before, so that it may write.
        await using var connection = await fixture.Database.OpenAsync();

        await SwitchAsync("on");
        Assert.Equal("503 1 False", await CreateExperimentAsync("read-only"));
        await SwitchAsync("off");
        Assert.Equal("200 None False", await CreateExperimentAsync("read-only"));

        // Sessions go on as they began: it waits until they have ended.
        async Task SwitchAsync(string value)
        {
            await ExecuteAsync($"ALTER DATABASE {fixture.Database.Name} SET default_transaction_read_only = {value}");
            await ExecuteAsync("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    // The status, when to repeat the request, and whether the answer holds a statement.
    private Task<string> CreateExperimentAsync(string name) => fixture.Mlflow.PythonAsync(
        $"import requests; r = requests.post('http://localhost:5000/api/2.0/mlflow/experiments/create', json={{'name': '{name}'}}, timeout=30); "
        + "print(r.status_code, r.headers.get('Retry-After'), 'SQL' in r.text)");
}

/// <summary>A server whose statements may take two seconds.</summary>
public sealed class DatabaseFaultServer(ImageFixture image) : IAsyncLifetime
{
    public TestDatabase Database { get; private set; } = null!;

    public MlflowServer Mlflow { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Database = await image.CreateMigratedDatabaseAsync();
        Mlflow = await MlflowServer.StartAsync(
            image, new Dictionary<string, string>(Database.Environment) { ["MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"] = "2" });
    }

    public async Task DisposeAsync()
    {
        if (Mlflow is not null)
        {
            await Mlflow.DisposeAsync();
        }
    }
}

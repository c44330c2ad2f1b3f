using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>What the server answers while its database fails in a way that passes.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class DatabaseFaultTests(ImageFixture image)
{
    [Fact]
    public async Task A_statement_that_takes_too_long_is_ended_and_may_be_repeated()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await StartAsync(database);
        await using var connection = await database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE experiments", connection, transaction))
        {
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal("503 1 False", await CreateExperimentAsync(server));
        await transaction.RollbackAsync();
        Assert.Equal("200 None False", await CreateExperimentAsync(server));
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_may_be_asked_again()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await StartAsync(database);

        // This session began before, so that it may write.
        await using var connection = await database.OpenAsync();

        await SwitchAsync("on");
        Assert.Equal("503 1 False", await CreateExperimentAsync(server));
        await SwitchAsync("off");
        Assert.Equal("200 None False", await CreateExperimentAsync(server));

        // Sessions go on as they began: it waits until they have ended.
        async Task SwitchAsync(string value)
        {
            await ExecuteAsync($"ALTER DATABASE {database.Name} SET default_transaction_read_only = {value}");
            await ExecuteAsync("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private Task<MlflowServer> StartAsync(TestDatabase database) =>
        MlflowServer.StartAsync(image, new Dictionary<string, string>(database.Environment) { ["MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"] = "2" });

    // The status, when to repeat the request, and whether the answer holds a statement.
    private static async Task<string> CreateExperimentAsync(MlflowServer server) => await server.PythonAsync(
        "import requests; r = requests.post('http://localhost:5000/api/2.0/mlflow/experiments/create', json={'name': 'new'}, timeout=30); "
        + "print(r.status_code, r.headers.get('Retry-After'), 'SQL' in r.text)");
}

using System.Globalization;
using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>A database of one test.</summary>
public sealed class TestDatabase
{
    private readonly string _connectionString;

    private TestDatabase(string server, string name)
    {
        Name = name;
        _connectionString = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = false }.ConnectionString;
    }

    /// <summary>The name of the database.</summary>
    public string Name { get; }

    /// <summary>The address of the database in the network, without user name and password.</summary>
    public string Uri => $"postgresql://{ImageFixture.DatabaseHost}:5432/{Name}";

    /// <summary>The same as SQLAlchemy takes it.</summary>
    public string SqlAlchemyUri => Uri.Replace("postgresql:", "postgresql+psycopg2:", StringComparison.Ordinal);

    /// <summary>What MLflow's client needs to work on the database itself, without a server.</summary>
    public Dictionary<string, string> ClientEnvironment => new(Environment) { ["MLFLOW_TRACKING_URI"] = SqlAlchemyUri };

    /// <summary>What the image needs to use the database as its tracking store.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["MLFLOW_BACKEND_STORE_URI"] = Uri,
        ["PGUSER"] = "postgres",
        ["PGPASSWORD"] = ImageFixture.Password,
    };

    /// <summary>Creates a database on a server.</summary>
    /// <param name="server">The connection string of the server.</param>
    /// <param name="owner">The role that it and its tables belong to; the superuser when there is none.</param>
    /// <param name="template">The database that it is a copy of, to which nobody may be connected; empty when there is none.</param>
    public static async Task<TestDatabase> CreateAsync(string server, string? owner = null, TestDatabase? template = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Guid.NewGuid():N}");
        var options = (owner is null ? "" : $" OWNER \"{owner}\"") + (template is null ? "" : $" TEMPLATE {template.Name}");
        await new TestDatabase(server, "postgres").ExecuteAsync($"CREATE DATABASE {name}{options}");
        var database = new TestDatabase(server, name);
        if (template is not null && owner is not null)
        {
            await database.ExecuteAsync($"DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
                + $"LOOP EXECUTE format('ALTER TABLE %I OWNER TO %I', t, '{owner}'); END LOOP; END $$");
        }

        return database;
    }

    /// <summary>Opens a connection as the superuser.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs a statement as the superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads one value as the superuser.</summary>
    public async Task<T> ReadAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

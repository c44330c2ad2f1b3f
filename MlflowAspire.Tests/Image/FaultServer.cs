using DotNet.Testcontainers.Builders;
using Testcontainers.PostgreSql;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// A server whose database and artifact store are small enough to be filled by a test. A statement may take two seconds, and the artifact store is tried for
/// one.
/// </summary>
public sealed class FaultServer : IAsyncLifetime
{
    /// <summary>The folder of PostgreSQL.</summary>
    public const string DatabaseFolder = "/var/lib/postgresql/data";

    private const string DatabaseHost = "full";
    private readonly ImageFixture _image;

    public FaultServer(ImageFixture image)
    {
        _image = image;
        Postgres = image.PostgresServer(DatabaseHost, server => server.WithCreateParameterModifier(parameters =>
            parameters.HostConfig!.Tmpfs = new Dictionary<string, string> { [DatabaseFolder] = "size=256m" }));
    }

    public PostgreSqlContainer Postgres { get; }

    public TestDatabase Database { get; private set; } = null!;

    public MlflowServer Mlflow { get; private set; } = null!;

    internal BlobServer Blobs { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Postgres.StartAsync();
        Database = await TestDatabase.CreateAsync(Postgres.GetConnectionString());
        var tables = await _image.CreateMigratedDatabaseAsync();
        var copy = $"pg_dump --host {ImageFixture.DatabaseHost} --username postgres {tables.Name} | psql --quiet --username postgres {Database.Name}";
        var copied = await Postgres.ExecAsync(["env", $"PGPASSWORD={ImageFixture.Password}", "bash", "-o", "pipefail", "-c", copy]);
        Assert.True(copied.ExitCode == 0, copied.Stderr);
        Blobs = await BlobServer.StartAsync(_image, "128m");
        var settings = new Dictionary<string, string>([.. Database.Environment, .. BlobServer.Settings])
        {
            ["MLFLOW_BACKEND_STORE_URI"] = $"postgresql://{DatabaseHost}:5432/{Database.Name}",
            ["MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"] = "2",
            ["MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS"] = "1",
            ["MLFLOW_READINESS_PORT"] = "5001",
        };
        Mlflow = await MlflowServer.StartAsync(_image, settings);
    }

    public async Task DisposeAsync()
    {
        if (Mlflow is not null)
        {
            await Mlflow.DisposeAsync();
        }

        if (Blobs is not null)
        {
            await Blobs.DisposeAsync();
        }

        await Postgres.DisposeAsync();
    }
}

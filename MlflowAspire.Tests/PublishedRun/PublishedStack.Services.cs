using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Image;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>What stands in for the services of Azure.</summary>
public sealed partial class PublishedStack
{
    private async Task StartPostgresAsync()
    {
        Postgres = await StartAsync(At("postgres", new ContainerBuilder("postgres:17.6")
            .WithEnvironment("POSTGRES_PASSWORD", "of-the-superuser")
            .WithBindMount(_certificate!.Path, "/tls", AccessMode.ReadOnly)
            .WithEntrypoint("bash", "-c")
            .WithCommand("install -o postgres -m 600 /tls/key.pem /key.pem "
                + "&& exec docker-entrypoint.sh postgres -c ssl=on -c ssl_cert_file=/tls/certificate.pem -c ssl_key_file=/key.pem")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilCommandIsCompleted("pg_isready", "-h", "127.0.0.1"))));

        // As Azure makes them: a database of azure_pg_admin, and an identity that belongs to it.
        await QueryAsync("postgres", "CREATE ROLE azure_pg_admin NOLOGIN");
        await QueryAsync("postgres", $"CREATE ROLE \"{Identity}\" LOGIN IN ROLE azure_pg_admin PASSWORD '{s_databaseToken}'");
        await QueryAsync("postgres", "CREATE DATABASE mlflow OWNER azure_pg_admin");
        await QueryAsync("postgres", "CREATE DATABASE mlflow_auth OWNER azure_pg_admin");
    }

    private async Task StartBlobsAsync()
    {
        await StartAsync(At("storage", new ContainerBuilder("mcr.microsoft.com/azure-storage/azurite:3.35.0")
            .WithEnvironment("AZURITE_ACCOUNTS", $"{Account}:{s_blobKey}")
            .WithBindMount(_certificate!.Path, "/tls", AccessMode.ReadOnly)
            .WithCommand(
                "azurite", "--blobHost", "0.0.0.0", "--blobPort", "443", "--oauth", "basic", "--cert", "/tls/certificate.pem", "--key", "/tls/key.pem",
                "--skipApiVersionCheck")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(443))));
        await RunAsync(Blobs("create", "mlflow", "mlflow-backups"));
    }

    /// <summary>The vault with the secrets that are published.</summary>
    private Task<IContainer> StartVaultAsync() => StartAsync(Mlflow("vault")
        .WithEnvironment("SECRETS", JsonSerializer.Serialize(SecretNames.ToDictionary(
            name => name,
            name => name.StartsWith("mlflow-admin-password", StringComparison.Ordinal) ? AdminPassword : $"secret of the test {name}".PadRight(40, '-'))))
        .WithEnvironment("VAULT_TOKEN", s_vaultToken)
        .WithCommand("python", "/scripts/key_vault.py")
        .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(443)));

    private async Task StartPlatformAsync() => Platform = await StartAsync(Mlflow("platform")
        .WithEnvironment(new Dictionary<string, string>
        {
            ["IDENTITY_HEADER"] = IdentityHeader,
            ["CLIENT_ID"] = ClientId,
            ["DATABASE_TOKEN"] = s_databaseToken,
            ["STORAGE_TOKEN"] = TestToken.Create("https://storage.azure.com"),
            ["VAULT_TOKEN"] = s_vaultToken,
        })
        .WithCommand("python", "/scripts/azure_platform.py")
        .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(443)));

    private async Task StartMonitorAsync() => Monitor = await StartAsync(Mlflow("internet")
        .WithCommand("python", "/scripts/application_insights.py")
        .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(443)));

    /// <summary>The server that is imported from lets its owner in with the password that the vault keeps for the import.</summary>
    private async Task StartSourceAsync() => Source = await StartAsync(Mlflow("source")
        .WithEnvironment("OWNER_PASSWORD", _secrets["import-password"])
        .WithCommand("python", "/scripts/source_server.py"));

    /// <summary>What a query of the superuser gives, a line for each row.</summary>
    internal async Task<string> QueryAsync(string database, string sql)
    {
        var result = await Postgres.ExecAsync(["psql", "-U", "postgres", "-h", "/var/run/postgresql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qtAc", sql]);
        Assert.True(result.ExitCode == 0, result.Stderr);
        return result.Stdout.Trim();
    }
}

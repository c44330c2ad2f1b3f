using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// Passwords of the database and keys of the storage account change while the server is written to. The administrator is as Azure gives it: one that makes
/// roles and is no superuser.
/// </summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
[Trait("Category", "Rare")]
public sealed class RotationTests(ImageFixture image)
{
    private const string FirstPassword = "first p@ss:w/rd%1";
    private const string SecondPassword = "second p@ss:w/rd%2";

    [Fact]
    public async Task No_write_fails_while_roles_and_keys_take_turns()
    {
        var server = await image.CreateDatabaseAsync();
        var owner = "o" + server.Name[^12..];
        var administrator = owner + "_admin";
        await server.ExecuteAsync($"CREATE ROLE {administrator} LOGIN CREATEROLE CREATEDB PASSWORD '{FirstPassword}'");
        var database = await image.CreateMigratedDatabaseAsync(administrator);
        var empty = await image.CreateDatabaseAsync(administrator);
        await using var account = await StorageAccount.CreateAsync(image);
        var oldKey = account.Key(1);

        await using var before = await MlflowServer.MigrateAndStartAsync(image, As(administrator, FirstPassword, oldKey));
        await using var load = new RotationLoad(before);
        await load.WrittenAsync();
        await CreateRolesAsync(database, administrator, owner);
        await CreateRolesAsync(empty, administrator, owner);
        await server.ExecuteAsync($"ALTER ROLE {owner}_a PASSWORD '{FirstPassword}'; ALTER ROLE {owner}_b PASSWORD '{SecondPassword}'");
        await load.WrittenAsync();

        // The new revision, with its migration, beside the old one; then the password and the key that nobody uses any more.
        await using var first = await MlflowServer.MigrateAndStartAsync(image, As(owner + "_a", FirstPassword, account.Key(2)));
        await load.SwitchToAsync(first);
        await server.ExecuteAsync($"ALTER ROLE {administrator} PASSWORD '{SecondPassword}'");
        await before.StopAsync();
        await account.RenewAsync(1);
        await load.WrittenAsync();

        // And the other way round.
        await using var second = await MlflowServer.MigrateAndStartAsync(image, As(owner + "_b", SecondPassword, account.Key(1)));
        await load.SwitchToAsync(second);
        await server.ExecuteAsync($"ALTER ROLE {owner}_a PASSWORD '{SecondPassword}'");
        await first.StopAsync();
        await load.WrittenAsync();

        (await image.RunAsync(As(owner + "_a", FirstPassword, oldKey), "migrate"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database refuses the connection: ");
        Assert.Contains(
            "Server failed to authenticate the request", (await account.OpenAsync(oldKey, "get_container_properties()")).Errors, StringComparison.Ordinal);
        (await account.OpenAsync(account.Key(1), "get_container_properties()")).Succeeded();
        var (runs, artifacts) = await load.StopAsync();
        Assert.Equal(
            runs.Count,
            await database.ReadAsync<long>(
                $"SELECT count(*) FROM params WHERE key = 'run' AND value = run_uuid AND run_uuid IN ('{string.Join("','", runs)}')"));
        var read = "import requests; address = 'http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/rotation'; "
            + $"print(all(requests.get(f'{{address}}/{{name}}', timeout=50).text == name for name in {JsonSerializer.Serialize(artifacts)}))";
        Assert.Equal("True", await second.PythonAsync(read));

        (await image.RunAsync(new Dictionary<string, string>(empty.Environment) { ["PGUSER"] = owner + "_b", ["PGPASSWORD"] = SecondPassword }, "migrate"))
            .Succeeded();
        foreach (var migrated in new[] { database, empty })
        {
            Assert.Equal(owner, await migrated.ReadAsync<string>("SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"));
        }

        Dictionary<string, string> As(string role, string password, string key) =>
            new([.. database.Environment, .. StorageAccount.Environment(key)]) { ["PGUSER"] = role, ["PGPASSWORD"] = password };
    }

    /// <summary>Runs the script of the documentation.</summary>
    private async Task CreateRolesAsync(TestDatabase database, string administrator, string owner) =>
        (await ImageRun.OfAsync(image.Container(
                "postgres:17.6",
                new Dictionary<string, string> { ["PGPASSWORD"] = FirstPassword },
                "psql",
                "--host",
                ImageFixture.DatabaseHost,
                "--username",
                administrator,
                "--dbname",
                database.Name,
                "--set",
                $"owner={owner}",
                "--file",
                "/docs/database-roles.sql")
            .WithBindMount(Path.Combine(CommonDirectoryPath.GetSolutionDirectory().DirectoryPath, "docs"), "/docs", AccessMode.ReadOnly))).Succeeded();
}

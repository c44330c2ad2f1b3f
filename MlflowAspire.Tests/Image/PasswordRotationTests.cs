using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace MlflowAspire.Tests.Image;

/// <summary>Passwords change while the server is written to, by the administrator that Azure gives: one that makes roles and is no superuser.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public sealed class PasswordRotationTests(ImageFixture image)
{
    private const string FirstPassword = "first p@ss:w/rd%1";
    private const string SecondPassword = "second p@ss:w/rd%2";

    [Fact]
    public async Task No_write_fails_while_roles_take_turns()
    {
        var server = await image.CreateDatabaseAsync();
        var owner = "o" + server.Name[^12..];
        var administrator = owner + "_admin";
        await server.ExecuteAsync($"CREATE ROLE {administrator} LOGIN CREATEROLE CREATEDB PASSWORD '{FirstPassword}'");
        var database = await image.CreateMigratedDatabaseAsync(administrator);
        var empty = await image.CreateDatabaseAsync(administrator);

        await using var before = await MlflowServer.MigrateAndStartAsync(image, As(database, administrator, FirstPassword));
        await using var load = new RotationLoad(before, RotationLoad.Runs);
        await load.WrittenAsync();
        await CreateRolesAsync(database, administrator, owner);
        await CreateRolesAsync(empty, administrator, owner);
        await server.ExecuteAsync($"ALTER ROLE {owner}_a PASSWORD '{FirstPassword}'; ALTER ROLE {owner}_b PASSWORD '{SecondPassword}'");
        await load.WrittenAsync();

        // The new revision, with its migration, beside the old one; then the password that nobody uses any more.
        await using var first = await MlflowServer.MigrateAndStartAsync(image, As(database, owner + "_a", FirstPassword));
        await load.SwitchToAsync(first);
        await server.ExecuteAsync($"ALTER ROLE {administrator} PASSWORD '{SecondPassword}'");
        await before.StopAsync();
        await load.WrittenAsync();

        // And the other way round.
        await using var second = await MlflowServer.MigrateAndStartAsync(image, As(database, owner + "_b", SecondPassword));
        await load.SwitchToAsync(second);
        await server.ExecuteAsync($"ALTER ROLE {owner}_a PASSWORD '{SecondPassword}'");
        await first.StopAsync();
        await load.WrittenAsync();

        (await image.RunAsync(As(database, owner + "_a", FirstPassword), "migrate"))
            .Failed(1, "MLFLOW_BACKEND_STORE_URI: the database refuses the connection: ");
        var runs = await load.StopAsync();
        Assert.Equal(
            runs.Count,
            await database.ReadAsync<long>(
                $"SELECT count(*) FROM params WHERE key = 'run' AND value = run_uuid AND run_uuid IN ('{string.Join("','", runs)}')"));

        (await image.RunAsync(As(empty, owner + "_b", SecondPassword), "migrate")).Succeeded();
        foreach (var migrated in new[] { database, empty })
        {
            Assert.Equal(owner, await migrated.ReadAsync<string>("SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'"));
        }
    }

    private static Dictionary<string, string> As(TestDatabase database, string role, string password) =>
        new(database.Environment) { ["PGUSER"] = role, ["PGPASSWORD"] = password };

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

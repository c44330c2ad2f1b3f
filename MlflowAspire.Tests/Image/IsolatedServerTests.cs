using Azure.Storage.Blobs;
using MlflowAspire.Tests.Stack;
using Testcontainers.Azurite;

namespace MlflowAspire.Tests.Image;

/// <summary>The server on a network without a way out, with a read-only file system and without root rights.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class IsolatedServerTests(ImageFixture image)
{
    private const string ConnectionString =
        $"AccountName={AzuriteBuilder.AccountName};AccountKey={AzuriteBuilder.AccountKey};BlobEndpoint=http://blobs:10000/{AzuriteBuilder.AccountName};";

    [Fact]
    public async Task It_needs_no_network_no_root_rights_and_no_writable_root()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await MlflowServer.StartAsync(image, database.Environment);

        Assert.Equal("true", await DockerCli.RunAsync("network", "inspect", "--format", "{{.Internal}}", image.NetworkName));
        Assert.Equal(200, await server.StatusAsync("/health"));
        Assert.Equal(200, await server.StatusAsync("/api/2.0/mlflow/experiments/search?max_results=1"));
        Assert.Equal("10001", await server.PythonAsync("import os; print(os.getuid())"));
        Assert.Equal("30", await server.PythonAsync("try: open('/home/mlflow/file', 'w')\nexcept OSError as error: print(error.errno)"));
        var arguments = await server.PythonAsync("from pathlib import Path; print([path.read_text() for path in Path('/proc').glob('[0-9]*/cmdline')])");
        Assert.Contains("serve", arguments, StringComparison.Ordinal);
        Assert.All(MlflowServer.Secrets, secret => Assert.DoesNotContain(secret, arguments, StringComparison.Ordinal));
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Artifacts_are_blobs_and_what_is_deleted_is_collected()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var azurite = image.AzuriteServer("blobs");
        await azurite.StartAsync();
        var blobs = new BlobContainerClient(azurite.GetConnectionString(), "artifacts");
        await blobs.CreateAsync();
        var stores = new Dictionary<string, string>(database.Environment)
        {
            ["MLFLOW_ARTIFACTS_DESTINATION"] = "wasbs://artifacts@devstoreaccount1.blob.core.windows.net",
            ["AZURE_STORAGE_CONNECTION_STRING"] = ConnectionString,
        };
        await using var server = await MlflowServer.StartAsync(image, stores);

        var runs = ScriptResult.Of((await image.RunAsync(MlflowServer.Client, "python", "/scripts/round_trip.py")).Succeeded().Output);
        Assert.Equal(2, await CountAsync());
        await database.ExecuteAsync(
            $"UPDATE runs SET artifact_uri = 'mlflow-artifacts:/1/{runs.Text("kept")}/artifacts' WHERE run_uuid = '{runs.Text("elsewhere")}'");
        // It needs no server.
        await server.StopAsync();
        var collection = await image.RunAsync(stores, "gc");

        Assert.Equal(1, collection.ExitCode);
        Assert.Contains("removed runs: 2, logged models: 0, traces: 0, experiments: 0", collection.Output, StringComparison.Ordinal);
        Assert.EndsWith($"mlflow-aspire: error: 1 could not be removed: run {runs.Text("elsewhere")}\n", collection.Errors, StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync());
        Assert.True(await blobs.GetBlobClient($"1/{runs.Text("kept")}/artifacts/nested/ünïcode.txt").ExistsAsync());
        string[] left = [runs.Text("kept"), runs.Text("elsewhere")];
        Assert.Equal(left.Order(), (await database.ReadAsync<string[]>("SELECT array_agg(run_uuid) FROM runs")).Order());

        async Task<int> CountAsync() => await blobs.GetBlobsAsync().CountAsync();
    }

    [Fact]
    public async Task Basic_authentication_takes_every_character_of_a_password()
    {
        const string password = "%(x)s 100%; \"quoted\" \\ #=:@/";
        var database = await image.CreateMigratedDatabaseAsync();
        var users = await image.CreateDatabaseAsync();
        await using var server = await MlflowServer.MigrateAndStartAsync(image, new Dictionary<string, string>(database.Environment)
        {
            ["MLFLOW_APP_NAME"] = "basic-auth",
            ["MLFLOW_AUTH_DATABASE_URI"] = users.Uri,
            ["MLFLOW_AUTH_ADMIN_USERNAME"] = "admin%",
            ["MLFLOW_AUTH_ADMIN_PASSWORD"] = password,
        });

        Assert.Equal(200, await server.StatusAsync("/health"));
        Assert.Equal(401, await server.StatusAsync("/version"));
        Assert.Equal(401, await server.StatusAsync("/version", "admin%", "another password"));
        Assert.Equal(200, await server.StatusAsync("/version", "admin%", password));
        Assert.Equal(1, await users.ReadAsync<long>("SELECT count(*) FROM users WHERE username = 'admin%' AND is_admin"));
    }
}

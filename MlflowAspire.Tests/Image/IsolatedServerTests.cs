using Azure.Storage.Blobs;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.Image;

/// <summary>The server on a network without a way out, with a read-only file system and without root rights.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class IsolatedServerTests(ImageFixture image, IsolatedServer fixture) : IClassFixture<IsolatedServer>
{
    [Fact]
    public async Task It_needs_no_network_no_root_rights_and_no_writable_root()
    {
        var server = fixture.Mlflow;

        Assert.Equal("true", await DockerCli.RunAsync("network", "inspect", "--format", "{{.Internal}}", image.NetworkName));
        Assert.Equal(200, await server.StatusAsync("/health"));
        Assert.Equal(200, await server.StatusAsync("/api/2.0/mlflow/experiments/search?max_results=1", IsolatedServer.Administrator, IsolatedServer.Password));
        Assert.Equal("10001", await server.PythonAsync("import os; print(os.getuid())"));
        Assert.Equal("30", await server.PythonAsync("try: open('/home/mlflow/file', 'w')\nexcept OSError as error: print(error.errno)"));
        var arguments = await server.PythonAsync("from pathlib import Path; print([path.read_text() for path in Path('/proc').glob('[0-9]*/cmdline')])");
        Assert.Contains("serve", arguments, StringComparison.Ordinal);
        Assert.All([.. MlflowServer.Secrets, IsolatedServer.Password], secret => Assert.DoesNotContain(secret, arguments, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Artifacts_are_blobs_and_what_is_deleted_is_collected()
    {
        var blobs = new BlobContainerClient(fixture.Azurite.GetConnectionString(), IsolatedServer.Container);
        var client = new Dictionary<string, string>(MlflowServer.Client)
        {
            ["MLFLOW_TRACKING_USERNAME"] = IsolatedServer.Administrator,
            ["MLFLOW_TRACKING_PASSWORD"] = IsolatedServer.Password,
        };

        var runs = ScriptResult.Of((await image.RunAsync(client, "python", "/scripts/round_trip.py")).Succeeded().Output);
        Assert.Equal(2, await CountAsync());
        await fixture.Database.ExecuteAsync(
            $"UPDATE runs SET artifact_uri = 'mlflow-artifacts:/1/{runs.Text("kept")}/artifacts' WHERE run_uuid = '{runs.Text("elsewhere")}'");
        // It is told of no server.
        var collection = await image.RunAsync(fixture.Stores, "gc");

        Assert.Equal(1, collection.ExitCode);
        Assert.Contains("removed runs: 2, logged models: 0, traces: 0, experiments: 0", collection.Output, StringComparison.Ordinal);
        Assert.EndsWith($"mlflow-aspire: error: 1 could not be removed: run {runs.Text("elsewhere")}\n", collection.Errors, StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync());
        Assert.True(await blobs.GetBlobClient($"1/{runs.Text("kept")}/artifacts/nested/ünïcode.txt").ExistsAsync());
        string[] left = [runs.Text("kept"), runs.Text("elsewhere")];
        Assert.Equal(left.Order(), (await fixture.Database.ReadAsync<string[]>("SELECT array_agg(run_uuid) FROM runs")).Order());

        async Task<int> CountAsync() => await blobs.GetBlobsAsync().CountAsync();
    }

    [Fact]
    public async Task Basic_authentication_takes_every_character_of_a_password()
    {
        Assert.Equal(200, await fixture.Mlflow.StatusAsync("/health"));
        Assert.Equal(401, await fixture.Mlflow.StatusAsync("/version"));
        Assert.Equal(401, await fixture.Mlflow.StatusAsync("/version", IsolatedServer.Administrator, "another password"));
        Assert.Equal(200, await fixture.Mlflow.StatusAsync("/version", IsolatedServer.Administrator, IsolatedServer.Password));
        Assert.Equal(1, await fixture.Users.ReadAsync<long>($"SELECT count(*) FROM users WHERE username = '{IsolatedServer.Administrator}' AND is_admin"));
    }
}

using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>What the server answers while its database, its artifact store or its disk fails in a way that passes.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public sealed class FaultTests(ImageFixture image, FaultServer fixture) : IClassFixture<FaultServer>
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

    [Fact]
    [Trait("Category", "Rare")]
    public async Task A_full_disk_of_the_database_is_told_and_loses_nothing()
    {
        const string data = FaultServer.DatabaseFolder;
        Assert.Equal("200", await WriteAsync("before"));
        Assert.Equal("200", await ReadyAsync());
        await fixture.Postgres.ExecAsync(["sh", "-c", $"dd if=/dev/zero of={data}/filler bs=1M; dd if=/dev/zero of={data}/filler2 bs=1k"]);

        Assert.Equal("503 1 the disk of the database is full", await WriteAsync("full"));
        Assert.Equal("503", await ReadyAsync());

        await fixture.Postgres.ExecAsync(["sh", "-c", $"rm {data}/filler {data}/filler2"]);
        Assert.Equal("200", await WriteAsync("after"));
        Assert.Equal("200", await ReadyAsync());
        Assert.Equal("['after', 'before']", await fixture.Mlflow.PythonAsync(
            "import requests; found = requests.get('http://localhost:5000/api/2.0/mlflow/experiments/search?max_results=10').json()['experiments']; "
            + "print(sorted(e['name'] for e in found if e['experiment_id'] != '0' and len(e.get('tags', [])) == 200))"));
    }

    [Fact]
    [Trait("Category", "Rare")]
    public async Task A_full_disk_of_the_blob_server_is_told_and_loses_nothing()
    {
        Assert.Equal("200", await UploadAsync(fixture.Mlflow, "before", 8));
        await fixture.Blobs.RunAsync("dd if=/dev/zero of=/data/filler bs=1M; dd if=/dev/zero of=/data/filler2 bs=1k");
        var refused = await UploadAsync(fixture.Mlflow, "later", 16);
        Assert.True(refused.StartsWith("424 The artifact store is not available: ", StringComparison.Ordinal), $"{refused}\n{await fixture.Blobs.LogsAsync()}");
        Assert.Equal("8388608", await SizeAsync(fixture.Mlflow, "before"));
        Assert.Equal("404", await SizeAsync(fixture.Mlflow, "later"));

        await fixture.Blobs.RunAsync("rm /data/filler /data/filler2");
        Assert.Equal("200", await UploadAsync(fixture.Mlflow, "later", 16));
        Assert.Equal("16777216", await SizeAsync(fixture.Mlflow, "later"));
        Assert.Equal("8388608", await SizeAsync(fixture.Mlflow, "before"));
    }

    [Fact]
    [Trait("Category", "Rare")]
    public async Task A_full_disk_of_the_server_is_told_and_is_free_again()
    {
        // Its artifacts are files, which go through its disk.
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await MlflowServer.StartAsync(image, database.Environment, container => container.WithCreateParameterModifier(
            parameters => (parameters.HostConfig!.Mounts, parameters.HostConfig.Tmpfs) = ([], new Dictionary<string, string> { ["/tmp"] = "size=32m" })));

        Assert.Equal("507 The MLflow server has no room for the file: No space left on device", await UploadAsync(server, "large", 64));
        Assert.Equal("404", await SizeAsync(server, "large"));
        Assert.Equal("200", await UploadAsync(server, "small", 20));
        Assert.Equal("20971520", await SizeAsync(server, "small"));
    }

    // The status, when to repeat the request, and whether the answer holds a statement.
    private Task<string> CreateExperimentAsync(string name) => fixture.Mlflow.PythonAsync(
        $"import requests; r = requests.post('http://localhost:5000/api/2.0/mlflow/experiments/create', json={{'name': '{name}'}}, timeout=30); "
        + "print(r.status_code, r.headers.get('Retry-After'), 'SQL' in r.text)");

    /// <summary>The status of an experiment of half a megabyte, with when to repeat it and the reason where it was refused.</summary>
    private Task<string> WriteAsync(string name) => fixture.Mlflow.PythonAsync(
        "import os, requests; tags = [{'key': str(i), 'value': os.urandom(2000).hex()} for i in range(200)]; "
        + $"r = requests.post('http://localhost:5000/api/2.0/mlflow/experiments/create', json={{'name': '{name}', 'tags': tags}}, timeout=60); "
        + "print(r.status_code, *([] if r.ok else [r.headers.get('Retry-After'), r.json()['message'].split(': ')[1].split('.')[0]]))");

    private Task<string> ReadyAsync() =>
        fixture.Mlflow.PythonAsync("import requests; print(requests.get('http://localhost:5001/ready', timeout=30).status_code)");

    private static Task<string> UploadAsync(MlflowServer server, string name, int mebibytes) => server.PythonAsync(
        $"import requests; r = requests.put('http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/{name}', "
        + $"data=(bytes(2**20) for _ in range({mebibytes})), timeout=300); "
        + "print(r.status_code, *([] if r.ok else [r.json()['message']]))");

    private static Task<string> SizeAsync(MlflowServer server, string name) => server.PythonAsync(
        $"import requests; r = requests.get('http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/{name}', timeout=300); "
        + "print(len(r.content) if r.ok else r.status_code)");
}

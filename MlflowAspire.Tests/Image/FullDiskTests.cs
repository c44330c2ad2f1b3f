using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.Image;

/// <summary>Disks that are full: of the database, of the artifact store and of the server.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class FullDiskTests(ImageFixture image)
{
    [Fact]
    public async Task A_full_disk_of_the_database_is_told_and_loses_nothing()
    {
        const string data = "/var/lib/postgresql/data";
        Dictionary<string, string> settings = new() { ["POSTGRES_PASSWORD"] = "password", ["POSTGRES_DB"] = "mlflow" };
        await using var postgres = image.Container("postgres:17.6", settings)
            .WithNetworkAliases("full")
            .WithCreateParameterModifier(parameters => parameters.HostConfig!.Tmpfs = new Dictionary<string, string> { [data] = "size=256m" })
            .WithWaitStrategy(Wait.ForUnixContainer().UntilCommandIsCompleted("pg_isready", "-h", "127.0.0.1"))
            .Build();
        await postgres.StartAsync();
        await using var server = await MlflowServer.StartAsync(image, new Dictionary<string, string>
        {
            ["MLFLOW_BACKEND_STORE_URI"] = "postgresql://full:5432/mlflow",
            ["PGUSER"] = "postgres",
            ["PGPASSWORD"] = "password",
            ["MLFLOW_READINESS_PORT"] = "5001",
            ["MLFLOW_SERVER_MIGRATE"] = "true",
        });

        Assert.Equal("200", await WriteAsync(server, "before"));
        Assert.Equal("200", await ReadyAsync(server));
        await postgres.ExecAsync(["sh", "-c", $"dd if=/dev/zero of={data}/filler bs=1M; dd if=/dev/zero of={data}/filler2 bs=1k"]);

        Assert.Equal("503 1 the disk of the database is full", await WriteAsync(server, "full"));
        Assert.Equal("503", await ReadyAsync(server));

        await postgres.ExecAsync(["sh", "-c", $"rm {data}/filler {data}/filler2"]);
        Assert.Equal("200", await WriteAsync(server, "after"));
        Assert.Equal("200", await ReadyAsync(server));
        Assert.Equal("['after', 'before']", await server.PythonAsync(
            "import requests; found = requests.get('http://localhost:5000/api/2.0/mlflow/experiments/search?max_results=10').json()['experiments']; "
            + "print(sorted(e['name'] for e in found if e['experiment_id'] != '0' and len(e['tags']) == 200))"));
    }

    [Fact]
    public async Task A_full_disk_of_the_blob_server_is_told_and_loses_nothing()
    {
        await using var blobs = await BlobServer.StartAsync(image, "128m");
        var database = await image.CreateMigratedDatabaseAsync();
        Dictionary<string, string> impatient = new() { ["MLFLOW_ARTIFACT_STORE_TIMEOUT_SECONDS"] = "1" };
        await using var server = await MlflowServer.StartAsync(image, BlobServer.Settings.Concat(database.Environment).Concat(impatient));

        Assert.Equal("200", await UploadAsync(server, "before", 8));
        await blobs.RunAsync("dd if=/dev/zero of=/data/filler bs=1M; dd if=/dev/zero of=/data/filler2 bs=1k");
        var refused = await UploadAsync(server, "large", 16);
        Assert.True(refused.StartsWith("424 The artifact store is not available: ", StringComparison.Ordinal), $"{refused}\n{await blobs.LogsAsync()}");
        Assert.Equal("8388608", await SizeAsync(server, "before"));
        Assert.Equal("404", await SizeAsync(server, "large"));

        await blobs.RunAsync("rm /data/filler /data/filler2");
        Assert.Equal("200", await UploadAsync(server, "large", 16));
        Assert.Equal("16777216", await SizeAsync(server, "large"));
        Assert.Equal("8388608", await SizeAsync(server, "before"));
    }

    [Fact]
    public async Task A_full_disk_of_the_server_is_told_and_is_free_again()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await MlflowServer.StartAsync(image, database.Environment, container => container.WithCreateParameterModifier(
            parameters => (parameters.HostConfig!.Mounts, parameters.HostConfig.Tmpfs) = ([], new Dictionary<string, string> { ["/tmp"] = "size=32m" })));

        Assert.Equal("507 The MLflow server has no room for the file: No space left on device", await UploadAsync(server, "large", 64));
        Assert.Equal("404", await SizeAsync(server, "large"));
        Assert.Equal("200", await UploadAsync(server, "small", 20));
        Assert.Equal("20971520", await SizeAsync(server, "small"));
    }

    /// <summary>The status of an experiment of half a megabyte, with when to repeat it and the reason where it was refused.</summary>
    private static Task<string> WriteAsync(MlflowServer server, string name) => server.PythonAsync(
        "import os, requests; tags = [{'key': str(i), 'value': os.urandom(2000).hex()} for i in range(200)]; "
        + $"r = requests.post('http://localhost:5000/api/2.0/mlflow/experiments/create', json={{'name': '{name}', 'tags': tags}}, timeout=60); "
        + "print(r.status_code, *([] if r.ok else [r.headers.get('Retry-After'), r.json()['message'].split(': ')[1].split('.')[0]]))");

    private static Task<string> ReadyAsync(MlflowServer server) =>
        server.PythonAsync("import requests; print(requests.get('http://localhost:5001/ready', timeout=30).status_code)");

    private static Task<string> UploadAsync(MlflowServer server, string name, int mebibytes) => server.PythonAsync(
        $"import requests; r = requests.put('http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/{name}', "
        + $"data=(bytes(2**20) for _ in range({mebibytes})), timeout=300); "
        + "print(r.status_code, *([] if r.ok else [r.json()['message']]))");

    private static Task<string> SizeAsync(MlflowServer server, string name) => server.PythonAsync(
        $"import requests; r = requests.get('http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/{name}', timeout=300); "
        + "print(len(r.content) if r.ok else r.status_code)");
}

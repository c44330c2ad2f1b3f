using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace MlflowAspire.Tests.Image;

/// <summary>What a server of the previous version has in SQLite or in files, and what an import makes of it: every object is compared.</summary>
[Collection(BackupCollection.Name)]
[Trait("Category", "Image")]
public sealed class ImportTests(ImageFixture image) : IDisposable
{
    private const string Script = "/scripts/import_content.py";

    // Containers of other users write into it.
    private readonly string _folder = Directory.CreateTempSubdirectory("mlflow-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("sqlite:////data/source/mlflow.db", "/data/source/mlflow.db", "--artifacts", "/data/source/mlruns")]
    [InlineData("file:///data/source/mlruns", "/data/source/mlruns")]
    public async Task Everything_comes_once_and_into_an_empty_server(string trackingUri, params string[] source)
    {
        await Tools.PrepareImageAsync(ImageFixture.PreviousImage);
        var database = await image.CreateMigratedDatabaseAsync();
        const string store = "/data/store";
        Dictionary<string, string> previous = new() { ["MLFLOW_TRACKING_URI"] = trackingUri, ["MLFLOW_ALLOW_FILE_STORE"] = "true", ["HOME"] = "/tmp" };
        Dictionary<string, string> server = new(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = store };
        Dictionary<string, string> client = new(server) { ["MLFLOW_TRACKING_URI"] = database.SqlAlchemyUri };
        // The folders of the artifacts are below the one that it works in.
        const string write = $"mkdir -p -m 777 /data/source {store} && cd /data/source && python {Script} write && chmod -R a+rX /data/source";
        (await PreviousAsync("sh", "-c", write)).Succeeded();
        var expected = Result(await PreviousAsync("python", Script, "read", "/data/source/mlruns"));

        var first = (await RunAsync(server, ["import", .. source])).Succeeded();
        var second = await RunAsync(server, ["import", .. source]);

        Assert.Contains("import complete: experiments: 3, runs: 3, metric values: 23, ", first.Output, StringComparison.Ordinal);
        Assert.Equal(expected, Result(await RunAsync(client, "python", Script, "read", store)));
        second.Failed(1, "MLFLOW_BACKEND_STORE_URI: the database is not empty (3 rows in experiments)");
        Assert.Equal(0, await database.ReadAsync<long>("SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE 'mlflow-artifacts:/_/%'"));
        // Numbers go on.
        await database.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('next', 'active')");

        Task<ImageRun> PreviousAsync(params string[] command) => ImageRun.OfAsync(Data(image.Container(ImageFixture.PreviousImage, previous, command)));
        Task<ImageRun> RunAsync(Dictionary<string, string> environment, params string[] command) =>
            ImageRun.OfAsync(Data(image.Container(environment, command)));
    }

    private ContainerBuilder Data(ContainerBuilder container)
    {
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_111_111);
        }

        return container.WithBindMount(_folder, "/data", AccessMode.ReadWrite);
    }

    private static string Result(ImageRun run)
    {
        var output = run.Succeeded().Output;
        return output[output.IndexOf("RESULT ", StringComparison.Ordinal)..];
    }
}

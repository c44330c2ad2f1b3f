namespace MlflowAspire.Tests.Image;

/// <summary>What a server of the previous version has in SQLite or in files, and what an import makes of it: every object is compared.</summary>
[Collection(BackupCollection.Name)]
[Trait("Category", "Image")]
public sealed class ImportTests(ImageFixture image)
{
    private const string Script = "/scripts/import_content.py";

    [Theory]
    [InlineData("sqlite:///", "/mlflow.db", "--artifacts", "/mlruns")]
    [InlineData("file://", "/mlruns")]
    public async Task Everything_comes_once_and_into_an_empty_server(string scheme, string source, params string[] further)
    {
        await Tools.PrepareImageAsync(ImageFixture.PreviousImage);
        var database = await image.CreateMigratedDatabaseAsync();
        // Containers of other users write into it.
        var folder = image.CreateBackupFolder().Path;
        var store = $"{folder}/store";
        string[] import = ["import", folder + source, .. further.Select(argument => argument.StartsWith('/') ? folder + argument : argument)];
        var uri = scheme + folder + source;
        Dictionary<string, string> previous = new() { ["MLFLOW_TRACKING_URI"] = uri, ["MLFLOW_ALLOW_FILE_STORE"] = "true", ["HOME"] = "/tmp" };
        Dictionary<string, string> server = new(database.Environment) { ["MLFLOW_ARTIFACTS_DESTINATION"] = store };
        Dictionary<string, string> client = new(server) { ["MLFLOW_TRACKING_URI"] = database.SqlAlchemyUri };
        // The folders of the artifacts are below the one that it works in.
        var write = $"mkdir -m 777 {store} && cd {folder} && python {Script} write {folder}/mlruns && chmod -R a+rX {folder}/ml*";
        var container = image.WithBackups(image.Container(ImageFixture.PreviousImage, previous, "sh", "-c", write));
        var expected = Result(await ImageRun.OfAsync(container));

        var first = (await image.RunAsync(server, import)).Succeeded();
        var second = await image.RunAsync(server, import);

        Assert.Contains("import complete: experiments: 3, runs: 3, metric values: 23, ", first.Output, StringComparison.Ordinal);
        Assert.Equal(expected, Result(await image.RunAsync(client, "python", Script, "read", store)));
        second.Failed(1, "MLFLOW_BACKEND_STORE_URI: the database is not empty (3 rows in experiments)");
        Assert.Equal(0, await database.ReadAsync<long>("SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE 'mlflow-artifacts:/_/%'"));
        // Numbers go on.
        await database.ExecuteAsync("INSERT INTO experiments (name, lifecycle_stage) VALUES ('next', 'active')");
    }

    private static string Result(ImageRun run)
    {
        var output = run.Succeeded().Output;
        return output[output.IndexOf("RESULT ", StringComparison.Ordinal)..];
    }
}

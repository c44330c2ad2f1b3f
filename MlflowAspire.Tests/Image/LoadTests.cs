using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace MlflowAspire.Tests.Image;

/// <summary>More clients than the server has threads, on one core.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public class LoadTests(ImageFixture image)
{
    private const long OneCore = 1_000_000_000;

    [Theory]
    [Trait("Category", "Rare")]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Every_write_is_acknowledged_or_refused_and_no_worker_dies(string workers)
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await StartAsync(database, workers);
        await AssertWorkersShareMemoryAsync(server, int.Parse(workers, CultureInfo.InvariantCulture));
        List<string> all = [];
        foreach (var (writers, writes) in new[] { (40, 5), (200, 3) })
        {
            var (answers, acknowledged, log) = await LoadAsync(writers, writes, creators: 0);

            Assert.True(writers * writes == answers.Values.Sum(), log);
            // Names of exceptions stand for connections that were cut or waited too long.
            Assert.All(answers.Keys, answer => Assert.True(answer is "200" or "503", log));
            all.AddRange(acknowledged);
            Assert.Equal(all.Order(), (await MetricsAsync(database)).Order());
            Assert.Equal(200, await server.StatusAsync("/api/2.0/mlflow/experiments/search?max_results=1"));
        }

        await AssertOneCreatorSucceedsAsync();
        var output = await server.LogsAsync();
        Assert.True(output.Split("Application startup complete").Length - 1 == int.Parse(workers, null), output);
        Assert.DoesNotContain("QueuePool limit", output, StringComparison.Ordinal);
        Assert.DoesNotContain("threads are alive", output, StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task A_database_with_too_few_connections_is_told_before_the_start()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        var settings = new Dictionary<string, string>(MlflowServer.Settings) { ["MLFLOW_WORKERS"] = "16" };
        foreach (var (name, value) in database.Environment)
        {
            settings[name] = value;
        }

        var run = await image.RunAsync(settings, "serve");

        Assert.Equal(2, run.ExitCode);
        Assert.Matches(
            @"^mlflow-aspire: error: MLFLOW_WORKERS 16 with 8 threads each .* may use 304 connections, "
            + @"and the database has 297 \(max_connections\); accepted: [^\n]*\n$",
            run.Errors);
    }

    /// <summary>Workers are copies of their parent, of whose memory each needs only what it has changed.</summary>
    private static async Task AssertWorkersShareMemoryAsync(MlflowServer server, int workers)
    {
        var sizes = await server.PythonAsync(
            """
            import glob, re
            processes = "".join(open(file).read() for file in glob.glob("/proc/[0-9]*/smaps_rollup"))
            print(*(sum(map(int, re.findall(rf"^{size}: +(\d+)", processes, re.MULTILINE))) for size in ("Pss", "Rss")))
            """);
        var kibibytes = sizes.Split(' ').Select(size => double.Parse(size, CultureInfo.InvariantCulture)).ToList();
        var (needed, all) = (kibibytes[0], kibibytes[1]);
        Assert.True(
            workers == 1 || needed < all / 2, $"{workers} workers and their parent have {all} KiB together, and share so little that they need {needed}.");
    }

    /// <summary>Of many that create a model of one name at once, the others are told so.</summary>
    private async Task AssertOneCreatorSucceedsAsync()
    {
        var (answers, _, log) = await LoadAsync(writers: 0, writes: 0, creators: 50);

        Assert.True(answers.GetValueOrDefault("200") == 1, log);
        Assert.True(answers.GetValueOrDefault("400") == 49, log);
    }

    private static async Task<IReadOnlyList<string>> MetricsAsync(TestDatabase database)
    {
        await using var connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT run_uuid || '/' || key FROM metrics WHERE key LIKE '%-0'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var metrics = new List<string>();
        while (await reader.ReadAsync())
        {
            metrics.Add(reader.GetString(0));
        }

        return metrics;
    }

    private Task<MlflowServer> StartAsync(TestDatabase database, string workers) => MlflowServer.StartAsync(
        image,
        new Dictionary<string, string>(database.Environment) { ["MLFLOW_WORKERS"] = workers },
        container => container.WithCreateParameterModifier(parameters => parameters.HostConfig!.NanoCPUs = OneCore));

    private async Task<(Dictionary<string, int> Answers, string[] Acknowledged, string Log)> LoadAsync(int writers, int writes, int creators)
    {
        var run = (await image.RunAsync(MlflowServer.Client, "python", "/scripts/writers.py", $"{writers}", $"{writes}", $"{creators}")).Succeeded();
        using var result = JsonDocument.Parse(run.Output);
        var answers = result.RootElement.GetProperty(creators > 0 ? "creating" : "writing").Deserialize<Dictionary<string, int>>()!;
        return (answers, result.RootElement.GetProperty("acknowledged").Deserialize<string[]>()!, run.Output);
    }
}

using System.Collections.Concurrent;
using System.Text.Json;

namespace MlflowAspire.Tests.Stack;

[Trait("Category", "Stack")]
[Trait("Category", "Rare")]
public class AppHostRestartTests
{
    private const string ArtifactPath = "/api/2.0/mlflow-artifacts/artifacts/restart/note.txt";

    [Fact]
    public async Task Runs_and_artifacts_survive_a_killed_app_host_and_an_orderly_stop()
    {
        await using var host = new AppHostProcess();
        await host.BuildAsync();
        using var client = new HttpClient { BaseAddress = host.Address, Timeout = TimeSpan.FromSeconds(30) };

        await host.StartAsync();
        var run = await WriteAsync(client);

        // Each next one starts while containers of the one before are still there.
        await host.KillAsync();
        await host.StartAsync();
        await VerifyAsync(client, run);

        // Azurite writes what it knows of its blobs every few seconds, and when it is stopped.
        var artifacts = Enumerable.Range(0, 12).Select(number => $"/api/2.0/mlflow-artifacts/artifacts/restart/last-{number}.txt").ToArray();
        foreach (var artifact in artifacts)
        {
            using var content = new StringContent(artifact);
            using var stored = await client.PutAsync(artifact, content);
            stored.EnsureSuccessStatusCode();
        }

        var containers = await host.ContainersAsync();
        var images = (await DockerCli.RunAsync(["inspect", "--format", "{{.Config.Image}}", .. containers])).Split('\n');
        var ends = EndsAsync(containers);
        await host.StopAsync();
        await host.StartAsync();
        await VerifyAsync(client, run);
        Assert.StartsWith("mlflow", images[Array.IndexOf(containers, (await ends)[0])], StringComparison.Ordinal);
        foreach (var artifact in artifacts)
        {
            Assert.Equal(artifact, await client.GetStringAsync(artifact));
        }

        // A second one of the same folder would start its stores on the same volumes.
        var lines = (await host.StartSecondAsync()).Split('\n');
        Assert.Contains(lines, line => line.StartsWith("This app host runs already (", StringComparison.Ordinal));
        await VerifyAsync(client, run);

        await host.StopAsync();
        await host.WaitForNoContainersAsync();
        var port = AppHostProcess.FreePort();
        Assert.Contains($"Mlflow:Port {port} is in use; set Mlflow__Port={port + 1} or 0.", await host.StartOnTakenPortAsync(port), StringComparison.Ordinal);
        Assert.Empty(await host.ContainersAsync());

        var output = await host.StopWhileStartingAsync();
        Assert.True(output.Contains("Stopping.", StringComparison.Ordinal), output);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }

    /// <summary>The running containers in the order in which they end. Docker's events would not tell: it keeps 256, and other tests make more.</summary>
    private static async Task<string[]> EndsAsync(string[] containers)
    {
        ConcurrentQueue<string> ends = [];
        await Task.WhenAll(containers.Select(async container =>
        {
            await DockerCli.RunAsync("wait", container);
            ends.Enqueue(container);
        }));
        return [.. ends];
    }

    private static async Task<string> WriteAsync(HttpClient client)
    {
        using var response = await client.PostMlflowAsync("runs/create", new { experiment_id = "0", run_name = "before" });
        response.EnsureSuccessStatusCode();
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        using var artifact = new StringContent("note");
        using var stored = await client.PutAsync(ArtifactPath, artifact);
        stored.EnsureSuccessStatusCode();
        return answer.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
    }

    private static async Task VerifyAsync(HttpClient client, string run)
    {
        using var answer = JsonDocument.Parse(await client.GetStringAsync($"/api/2.0/mlflow/runs/get?run_id={run}"));
        Assert.Equal("before", answer.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_name").GetString());
        Assert.Equal("note", await client.GetStringAsync(ArtifactPath));
    }
}

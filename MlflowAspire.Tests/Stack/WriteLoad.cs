using System.Text;
using System.Text.Json;

namespace MlflowAspire.Tests.Stack;

/// <summary>Writes runs and artifacts one after the other and remembers those that the server has acknowledged.</summary>
internal sealed class WriteLoad(MlflowStack stack) : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    // Little enough for one to be acknowledged just before something fails. Without a pause, server and stores would be busy with it and with reading it back.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(30);

    private readonly HttpClient _client = stack.CreateMlflowClient();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _runs = [];
    private readonly List<string> _artifacts = [];
    private Task _work = Task.CompletedTask;
    private int _acknowledged;
    private int _failures;

    /// <summary>How many writes have been acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>How many writes were answered with an error, or not at all.</summary>
    public int Failures => Volatile.Read(ref _failures);

    public void Start() => _work = Task.Run(WriteAsync);

    /// <summary>Waits until the server has acknowledged another few writes.</summary>
    /// <param name="when">What a failure says of the time.</param>
    public Task MoreAsync(string when)
    {
        const int count = 5;
        var target = Acknowledged + count;
        return UntilAsync(() => Acknowledged >= target, $"{count} more writes to be acknowledged {when}");
    }

    /// <summary>Waits until more writes have failed than the <paramref name="before"/> that were counted when the fault began.</summary>
    public Task FailureAsync(int before, string when) => UntilAsync(() => Failures > before, $"writes to fail {when}");

    /// <summary>Stops writing and reads back all that was acknowledged.</summary>
    public async Task VerifyAsync()
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(s_limit);
        foreach (var run in _runs)
        {
            using var answer = JsonDocument.Parse(await _client.GetStringAsync($"/api/2.0/mlflow/runs/get?run_id={run}"));
            Assert.Equal(run, answer.RootElement.GetProperty("run").GetProperty("data").GetProperty("params")[0].GetProperty("value").GetString());
        }

        foreach (var artifact in _artifacts)
        {
            Assert.Equal(Content(artifact), await _client.GetStringAsync(Path(artifact)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(s_limit);
        _client.Dispose();
        _stop.Dispose();
    }

    private static string Path(string artifact) => $"/api/2.0/mlflow-artifacts/artifacts/load/{artifact}.txt";

    private static string Content(string artifact) => new('x', 20_000 + artifact[0]);

    private async Task WriteAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await WriteRunAsync();
                await WriteArtifactAsync();
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                Interlocked.Increment(ref _failures);
                await Task.Delay(200);
            }
        }
    }

    private async Task WriteRunAsync()
    {
        using var created = await PostAsync("runs/create", new { experiment_id = "0" });
        using var answer = JsonDocument.Parse(await created.Content.ReadAsStringAsync());
        var run = answer.RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        using var logged = await PostAsync("runs/log-parameter", new { run_id = run, key = "run", value = run });
        _runs.Add(run);
        await AcknowledgeAsync();
    }

    private async Task WriteArtifactAsync()
    {
        var artifact = Guid.NewGuid().ToString("N");
        using var content = new StringContent(Content(artifact), Encoding.UTF8, "text/plain");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var response = await _client.PutAsync(Path(artifact), content, limit.Token);
        response.EnsureSuccessStatusCode();
        _artifacts.Add(artifact);
        await AcknowledgeAsync();
    }

    private async Task<HttpResponseMessage> PostAsync(string method, object body)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var response = await _client.PostMlflowAsync(method, body, limit.Token);
        return response.EnsureSuccessStatusCode();
    }

    private Task<string> ServerLogAsync() => stack.LogAsync(stack.Resource<Aspire.Hosting.ApplicationModel.MlflowServerResource>("mlflow"));

    private Task AcknowledgeAsync()
    {
        Interlocked.Increment(ref _acknowledged);
        return Task.Delay(s_pause);
    }

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow + s_limit;
        while (!condition())
        {
            if (DateTime.UtcNow > deadline)
            {
                Assert.Fail($"Waited {s_limit.TotalSeconds} s for {what}. The server's log:\n{await ServerLogAsync()}");
            }
            await Task.Delay(100);
        }
    }
}

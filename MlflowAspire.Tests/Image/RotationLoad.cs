using System.Text.Json;

namespace MlflowAspire.Tests.Image;

/// <summary>Writes runs through a server without a pause; the first write that fails ends it.</summary>
internal sealed class RotationLoad : IAsyncDisposable
{
    private const string Write = """
        import json, requests
        def post(method, **body):
            answer = requests.post(f'http://localhost:5000/api/2.0/mlflow/runs/{method}', json=body, timeout=20)
            answer.raise_for_status()
            return answer.json()
        runs = [post('create', experiment_id='0')['run']['info']['run_id'] for _ in range(10)]
        for run in runs: post('log-parameter', run_id=run, key='run', value=run)
        print(json.dumps(runs))
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    private readonly List<string> _runs = [];
    private readonly Task _work;
    private volatile MlflowServer _server;
    private volatile bool _stopped;
    private int _rounds;

    public RotationLoad(MlflowServer server)
    {
        _server = server;
        _work = WriteAsync();
    }

    /// <summary>Sends all further writes to another server, and waits until the last one to the old server has ended.</summary>
    public Task SwitchToAsync(MlflowServer server)
    {
        _server = server;
        return WrittenAsync();
    }

    /// <summary>Waits until writes that began after this call have succeeded.</summary>
    public async Task WrittenAsync()
    {
        // The round that is under way began before.
        var target = Volatile.Read(ref _rounds) + 2;
        var deadline = DateTime.UtcNow + s_limit;
        while (Volatile.Read(ref _rounds) < target)
        {
            if (_work.IsCompleted)
            {
                await _work;
            }

            Assert.True(DateTime.UtcNow < deadline, $"Nothing has been written within {s_limit}. {await _server.LogsAsync()}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends the writing and gives the runs that the servers have acknowledged.</summary>
    public async Task<IReadOnlyCollection<string>> StopAsync()
    {
        _stopped = true;
        await _work.WaitAsync(s_limit);
        return _runs;
    }

    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        await Task.WhenAny(_work, Task.Delay(s_limit));
    }

    private async Task WriteAsync()
    {
        while (!_stopped)
        {
            _runs.AddRange(JsonSerializer.Deserialize<string[]>(await _server.PythonAsync(Write))!);
            Interlocked.Increment(ref _rounds);
        }
    }
}

using System.Text.Json;

namespace MlflowAspire.Tests.Image;

/// <summary>Writes through a server without a pause; the first write that fails ends it.</summary>
internal sealed class RotationLoad : IAsyncDisposable
{
    /// <summary>
    /// Writes runs, each of which has its id as a parameter, and artifacts, each of which holds its name, into the folder "rotation". The store may be away for
    /// some seconds, in which the server tries again.
    /// </summary>
    private const string Script = """
        import json, requests, uuid
        def post(method, **body):
            answer = requests.post(f'http://localhost:5000/api/2.0/mlflow/runs/{method}', json=body, timeout=20)
            answer.raise_for_status()
            return answer.json()
        runs = [post('create', experiment_id='0')['run']['info']['run_id'] for _ in range(10)]
        for run in runs: post('log-parameter', run_id=run, key='run', value=run)
        names = [uuid.uuid4().hex for _ in range(5)]
        for name in names: requests.put(f'http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/rotation/{name}', data=name, timeout=50).raise_for_status()
        print(json.dumps([runs, names]))
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private readonly List<string> _runs = [];
    private readonly List<string> _artifacts = [];
    private readonly Task _work;
    private volatile MlflowServer _server;
    private volatile bool _stopped;
    private int _rounds;

    /// <summary>Begins.</summary>
    /// <param name="server">The server that is written to first.</param>
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

            if (DateTime.UtcNow > deadline)
            {
                Assert.Fail($"Nothing has been written within {s_limit}. {await _server.LogsAsync()}");
            }
            await Task.Delay(50);
        }
    }

    /// <summary>Ends the writing and gives what the servers have acknowledged.</summary>
    public async Task<(IReadOnlyCollection<string> Runs, IReadOnlyCollection<string> Artifacts)> StopAsync()
    {
        _stopped = true;
        await _work.WaitAsync(s_limit);
        return (_runs, _artifacts);
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
            var written = JsonSerializer.Deserialize<string[][]>(await _server.PythonAsync(Script))!;
            _runs.AddRange(written[0]);
            _artifacts.AddRange(written[1]);
            Interlocked.Increment(ref _rounds);
        }
    }
}

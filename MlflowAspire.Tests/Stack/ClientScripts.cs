using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace MlflowAspire.Tests.Stack;

/// <summary>Scripts that use MLflow's own client. A container runs them for whoever asks, in which only one process imports MLflow.</summary>
internal sealed class ClientScripts
{
    private const string Name = "clients";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    private readonly MlflowStack _stack;
    private readonly Lazy<Task> _start;

    /// <param name="stack">A stack that has the container; the first script starts it.</param>
    public ClientScripts(MlflowStack stack)
    {
        _stack = stack;
        _start = new(StartAsync);
    }

    /// <summary>Adds the container to a stack.</summary>
    /// <param name="mlflow">The server that the scripts use.</param>
    /// <param name="scripts">Their paths.</param>
    public static IResourceBuilder<ContainerResource> AddTo(IResourceBuilder<MlflowServerResource> mlflow, params string[] scripts)
    {
        var client = mlflow.AddPythonClient(Name, Path.Combine(AppContext.BaseDirectory, "Stack", "Scripts", "clients.py"))
            .WithHttpEndpoint(targetPort: 8080)
            .WithHttpHealthCheck("/");
        return scripts.Aggregate(client, (all, script) => all.WithBindMount(script, $"/opt/client/{Path.GetFileName(script)}", isReadOnly: true));
    }

    /// <summary>Runs a script to its end and returns what it prints; a failure fails the test.</summary>
    /// <param name="script">Its name.</param>
    /// <param name="query">An argument, or a variable, as <c>clients.py</c> tells: <c>name=value</c>.</param>
    public async Task<string> RunAsync(string script, params string[] query)
    {
        await _start.Value;
        // One that does not ask again when an answer takes its time.
        using var client = new HttpClient { BaseAddress = _stack.App.GetEndpoint(Name, "http"), Timeout = s_limit };
        var call = $"{script}?{string.Join('&', query)}";
        using var answer = await client.GetAsync(new Uri($"/{call}", UriKind.Relative));
        var log = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{call}: {log}");
        return log;
    }

    private async Task StartAsync()
    {
        await _stack.ExecuteAsync(Name, KnownResourceCommands.StartCommand);
        await _stack.WaitForHealthyAsync(Name);
    }
}

using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Stack;

/// <summary>The app host's local stack in real containers, on random ports and on data of its own.</summary>
public sealed class MlflowStack : IAsyncDisposable
{
    // The first start builds the image.
    private static readonly TimeSpan s_startLimit = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan s_runLimit = TimeSpan.FromMinutes(10);

    // What is known of removed containers, by the names of their resources.
    private readonly Dictionary<string, (string Log, string Inspection)> _removed = [];

    internal MlflowStack(DistributedApplication app) => App = app;

    public DistributedApplication App { get; }

    /// <summary>Starts the stack, waits until MLflow is healthy, and removes its migration, which has ended.</summary>
    public static async Task<MlflowStack> StartAsync(
        StackData data, string[]? args = null, Action<IDistributedApplicationTestingBuilder, IResourceBuilder<MlflowServerResource>>? configure = null)
    {
        var stack = await CreateAsync(data, args, configure);
        try
        {
            await stack.App.StartAsync().WaitAsync(s_startLimit);
            await stack.WaitForHealthyAsync("mlflow");
            await stack.RemoveAsync(stack.Resource<MlflowServerResource>("mlflow").Migration);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Describes the stack without starting it.</summary>
    public static async Task<MlflowStack> CreateAsync(
        StackData data, string[]? args = null, Action<IDistributedApplicationTestingBuilder, IResourceBuilder<MlflowServerResource>>? configure = null)
    {
        // The orchestrator builds the image as well, and finds it built.
        await TestImage.GetAsync();
        var builder = await AppHostBuilder.CreateAsync(["--Mlflow:Port=0", .. args ?? []]);
        configure?.Invoke(builder, builder.CreateResourceBuilder(builder.Resources.OfType<MlflowServerResource>().Single()));
        data.ApplyTo(builder);

        // A test that fails prints the logs itself.
        builder.Services.AddLogging(logging => logging.AddFilter($"{builder.Environment.ApplicationName}.Resources", LogLevel.None));
        return new(await builder.BuildAsync().WaitAsync(s_startLimit));
    }

    /// <summary>A client of the MLflow server as seen from this machine.</summary>
    public HttpClient CreateMlflowClient() => App.CreateHttpClient("mlflow", "http");

    public async Task<string> ConnectionStringAsync(string resource) =>
        await App.GetConnectionStringAsync(resource) ?? throw new InvalidOperationException($"'{resource}' has no connection string.");

    /// <summary>Waits also while the resource is started again, and no longer when it cannot be started.</summary>
    public Task WaitForHealthyAsync(string resource) => WithLogs($"'{resource}' did not become healthy", s_startLimit, async limit =>
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(limit);
        var healthy = App.ResourceNotifications.WaitForResourceHealthyAsync(resource, WaitBehavior.WaitOnResourceUnavailable, waiting.Token);
        var failed = App.ResourceNotifications.WaitForResourceAsync(resource, KnownResourceStates.FailedToStart, waiting.Token);
        var first = await Task.WhenAny(healthy, failed);
        await waiting.CancelAsync();
        if (first == failed)
        {
            await failed;
            throw new DistributedApplicationException("it failed to start.");
        }

        return await healthy;
    });

    public Task<ResourceEvent> WaitForStateAsync(string resource, Func<CustomResourceSnapshot, bool> condition) =>
        WithLogs(
            $"'{resource}' did not reach the state",
            s_startLimit,
            limit => App.ResourceNotifications.WaitForResourceAsync(resource, change => condition(change.Snapshot), limit));

    /// <summary>Runs a container that is started by hand to its end, removes it and returns its log; an exit code other than 0 fails the test.</summary>
    public async Task<string> RunOnceAsync(string resource)
    {
        var container = Resource<ContainerResource>(resource);
        var result = await WithLogs($"'{resource}' did not end", s_runLimit, limit => ContainerRun.RunToEndAsync(App.Services, container, limit));
        var log = await LogAsync(container);
        Assert.True(result.Success, $"{result.Message}\n{log}");
        await RemoveAsync(container);
        return log;
    }

    /// <summary>Executes a command of a resource as the dashboard does; a failure fails the test.</summary>
    public async Task ExecuteAsync(string resource, string command, params IReadOnlyList<InteractionInput> arguments)
    {
        var result = await TryExecuteAsync(resource, command, arguments);
        if (!result.Success)
        {
            Assert.Fail($"{command} of {resource}: {result.Message}\n{await AllLogsAsync()}");
        }
    }

    /// <summary>Executes a command of the server that runs one of its tasks, which is not run again, and removes the task's container.</summary>
    public async Task ExecuteOnceAsync(string server, string command, string task)
    {
        await ExecuteAsync(server, command);
        await RemoveAsync(Resource<ContainerResource>(task));
    }

    /// <summary>Executes a command of a resource as the dashboard does, and gives its result.</summary>
    public Task<ExecuteCommandResult> TryExecuteAsync(string resource, string command, params IReadOnlyList<InteractionInput> arguments) => WithLogs(
        $"Command '{command}' of '{resource}' did not end",
        s_runLimit,
        limit => App.ResourceCommands.ExecuteCommandAsync(Resource<IResource>(resource), command, new InteractionInputCollection(arguments), limit));

    /// <summary>Removes the container of a task that has ended and is not started again, and keeps its log and what Docker knows of it.</summary>
    /// <remarks>
    /// The orchestrator connects a container that has ended to its network again every five seconds, each time by Docker's command line: with a dozen of them
    /// that takes a quarter of a core. It gives up on one that is stopped and removed; one that is only stopped it inspects without a pause.
    /// </remarks>
    public async Task RemoveAsync(ContainerResource task)
    {
        var id = ContainerId(task.Name);
        _removed[task.Name] = (await LogAsync(task), await InspectAsync(task.Name));
        await ExecuteAsync(task.Name, KnownResourceCommands.StopCommand);
        await DockerCli.RunAsync("rm", id);
    }

    /// <summary>The id of the resource's container.</summary>
    public string ContainerId(string resource) =>
        ContainerRun.ContainerId(Snapshot(resource)) ?? throw new InvalidOperationException($"'{resource}' has no container.");

    /// <summary>What Docker knows of the resource's container, as JSON.</summary>
    public async Task<string> InspectAsync(string resource) =>
        _removed.TryGetValue(resource, out var removed) ? removed.Inspection : await DockerCli.RunAsync("inspect", ContainerId(resource));

    /// <summary>What the dashboard has been told of the resource, which is not always what the resource says.</summary>
    public CustomResourceSnapshot Snapshot(string resource)
    {
        Assert.True(App.ResourceNotifications.TryGetCurrentState(resource, out var state), $"'{resource}' has no state.");
        return state.Snapshot;
    }

    public T Resource<T>(string name) where T : class, IResource =>
        App.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<T>().Single(resource => resource.Name == name);

    /// <summary>What the resource has written so far.</summary>
    public async Task<string> LogAsync(IResource resource)
    {
        if (_removed.TryGetValue(resource.Name, out var removed))
        {
            return removed.Log;
        }

        var text = new StringBuilder();
        var name = App.ResourceNotifications.TryGetCurrentState(resource.Name, out var state) ? state.ResourceId : resource.Name;
        await foreach (var lines in App.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(name))
        {
            foreach (var line in lines)
            {
                text.AppendLine(line.Content);
            }
        }

        return text.ToString();
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();

    private async Task<T> WithLogs<T>(string problem, TimeSpan limit, Func<CancellationToken, Task<T>> wait)
    {
        using var source = new CancellationTokenSource(limit);
        try
        {
            return await wait(source.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or DistributedApplicationException)
        {
            throw new TimeoutException($"{problem} within {limit.TotalSeconds} s: {exception.Message}\n{await AllLogsAsync()}", exception);
        }
    }

    private async Task<string> AllLogsAsync()
    {
        var text = new StringBuilder();
        foreach (var resource in App.Services.GetRequiredService<DistributedApplicationModel>().Resources.Where(resource => resource.IsContainer()))
        {
            text.AppendLine($"--- {resource.Name}").Append(await LogAsync(resource));
        }

        return text.ToString();
    }
}

using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public sealed partial class StartProgressTests : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Lines _lines = new();
    private readonly MlflowServerResource _server;
    private readonly DistributedApplication _app;

    public StartProgressTests()
    {
        var model = TestModel.ToRun();
        _server = model.AddMlflow(5001).Resource;
        model.Builder.Services.AddLogging(logging => logging.AddProvider(_lines));
        _app = model.Builder.Build();
        _server.Annotations.OfType<EndpointAnnotation>().Single()
            .AllocatedEndpoint = new(_server.Annotations.OfType<EndpointAnnotation>().Single(), "localhost", 5001);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Each_step_of_a_start_is_one_line_with_what_is_waited_for_next()
    {
        Report(longBuild: TimeSpan.Zero);

        await UpdateAsync("mlflow-migrate", KnownResourceStates.Building);
        await _lines.ReadAsync(2);
        await UpdateAsync("mlflow-migrate", KnownResourceStates.Starting);
        await UpdateAsync("mlflow-gc", KnownResourceStates.Starting);
        await UpdateAsync("postgres", KnownResourceStates.Starting);
        await UpdateAsync("postgres", KnownResourceStates.Running);
        await UpdateAsync("storage", KnownResourceStates.Running);
        await UpdateAsync("mlflow-migrate", KnownResourceStates.Running);
        await UpdateAsync("mlflow-migrate", KnownResourceStates.Exited, exitCode: 0);
        await UpdateAsync("mlflow", KnownResourceStates.Running);

        Assert.Equal(
            [
                "Waiting for postgres, mlflow-migrate, storage, mlflow.",
                "mlflow-migrate: building the image. The first time, this takes minutes.",
                "mlflow-migrate: image built in N s.",
                "postgres: ready after N s. Waiting for mlflow-migrate, storage, mlflow.",
                "storage: ready after N s. Waiting for mlflow-migrate, mlflow.",
                "mlflow-migrate: done after N s. Waiting for mlflow.",
                "MLflow is ready: http://localhost:5001 (after N s). Next: try 'Load demo data' of mlflow in the dashboard.",
            ],
            await _lines.ReadAsync(7));
    }

    [Fact]
    public async Task A_build_that_finds_its_image_is_worth_no_line()
    {
        Report();

        await UpdateAsync("mlflow-migrate", KnownResourceStates.Building);
        await UpdateAsync("mlflow-migrate", KnownResourceStates.Starting);
        await UpdateAsync("postgres", KnownResourceStates.Running);

        Assert.StartsWith("postgres: ready", (await _lines.ReadAsync(2))[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_is_not_called_done()
    {
        Report();

        await UpdateAsync("mlflow-migrate", KnownResourceStates.Exited, exitCode: 1);
        await UpdateAsync("postgres", KnownResourceStates.Running);

        Assert.Equal("postgres: ready after N s. Waiting for mlflow-migrate, storage, mlflow.", (await _lines.ReadAsync(2))[1]);
    }

    [Fact]
    public async Task The_end_is_announced()
    {
        await Assert.Single(_app.Services.GetServices<IHostedService>().OfType<StopLine>()).StartingAsync(default);
        _app.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.StartsWith("Stopping.", Assert.Single(await _lines.ReadAsync(1)), StringComparison.Ordinal);
    }

    private void Report(TimeSpan? longBuild = null) => new StartProgress(
        _server,
        _app.ResourceNotifications,
        _app.Services.GetRequiredService<IHostApplicationLifetime>(),
        _app.Services.GetRequiredService<ILoggerFactory>())
    {
        LongBuild = longBuild ?? TimeSpan.FromMinutes(1),
    }.Start();

    private Task UpdateAsync(string name, string state, int? exitCode = null)
    {
        var resource = _app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == name);
        return _app.ResourceNotifications.PublishUpdateAsync(resource, snapshot => snapshot with
        {
            State = state,
            ExitCode = exitCode,
        });
    }

    private sealed partial class Lines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public ILogger CreateLogger(string categoryName) =>
            categoryName == "MlflowAspire.Hosting" ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(Seconds().Replace(formatter(state, exception), "N s"));

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public async Task<string[]> ReadAsync(int count)
        {
            var end = DateTime.UtcNow + s_limit;
            while (_lines.Count < count && DateTime.UtcNow < end)
            {
                await Task.Delay(20);
            }

            return [.. _lines];
        }

        public void Dispose()
        {
        }

        [GeneratedRegex(@"[0-9]+\.[0-9] s")]
        private static partial Regex Seconds();
    }
}

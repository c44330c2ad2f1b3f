using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Tests.Stack;

/// <summary>What an app host logs in a category: its console shows the same.</summary>
/// <param name="category">The name of the category.</param>
internal sealed class LoggedLines(string category) : ILoggerProvider, ILogger
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    private readonly ConcurrentQueue<string> _lines = [];

    /// <summary>Waits for a line with all of these texts.</summary>
    public async Task WaitForAsync(params string[] texts)
    {
        var deadline = DateTime.UtcNow + s_limit;
        while (!_lines.Any(line => texts.All(text => line.Contains(text, StringComparison.Ordinal))))
        {
            Assert.True(DateTime.UtcNow < deadline, $"Waited {s_limit.TotalSeconds} s for a line with {string.Join(" and ", texts)}. These were logged:\n{string.Join('\n', _lines)}");
            await Task.Delay(100);
        }
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => categoryName == category ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _lines.Enqueue(formatter(state, exception));

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    void IDisposable.Dispose()
    {
    }
}

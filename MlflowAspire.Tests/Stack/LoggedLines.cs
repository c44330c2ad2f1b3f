using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Tests.Stack;

/// <summary>What an app host logs in a category: its console shows the same.</summary>
/// <param name="category">The name of the category.</param>
internal sealed class LoggedLines(string category) : ILoggerProvider, ILogger
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private readonly ConcurrentQueue<string> _lines = [];

    /// <summary>Waits for a line that begins with a text, and has another one.</summary>
    public async Task<string> WaitForAsync(string beginning, string part)
    {
        var deadline = DateTime.UtcNow + s_limit;
        bool IsWanted(string line) => line.StartsWith(beginning, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal);
        string? line;
        while ((line = _lines.FirstOrDefault(IsWanted)) is null)
        {
            Assert.True(
                DateTime.UtcNow < deadline,
                $"Waited {s_limit.TotalSeconds} s for a line \"{beginning}…{part}\". These were logged:\n{string.Join('\n', _lines)}");
            await Task.Delay(100);
        }

        return line;
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) =>
        categoryName == category ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue(formatter(state, exception));

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    public void Dispose()
    {
    }
}

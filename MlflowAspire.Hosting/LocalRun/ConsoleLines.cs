using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MlflowAspire.Hosting;

/// <summary>
/// Writes what is logged to the console as a person reads it: the time and the message. What is no mere information says so, and where it is from.
/// </summary>
internal sealed class ConsoleLines() : ConsoleFormatter(FormatterName)
{
    /// <summary>The name of the formatter.</summary>
    public const string FormatterName = "lines";

    /// <inheritdoc />
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(DateTime.Now.ToString("HH:mm:ss ", CultureInfo.InvariantCulture));
        if (logEntry.LogLevel is not LogLevel.Information)
        {
            textWriter.Write($"{logEntry.LogLevel} ({logEntry.Category}): ");
        }

        textWriter.WriteLine(logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (logEntry.Exception is not null)
        {
            textWriter.WriteLine(logEntry.Exception);
        }
    }
}

using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

/// <summary>What a run on this machine has to itself, and what its console says.</summary>
public static class LocalRunExtensions
{
    /// <summary>
    /// Ends this process with exit code 1 when the same checkout runs already, as both would write to the same volumes, or when the launch profile asks for a
    /// developer certificate that there is not, and lets the dashboard have free ports.
    /// Nothing of it when publishing, or when tests run the app host in their own process, with volumes and ports of their own.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <returns>The builder.</returns>
    [AspireExportIgnore(Reason = "Checks the process of the app host, which is another one in another language.")]
    public static IDistributedApplicationBuilder WithOneRunAtATime(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!builder.ExecutionContext.IsRunMode || !builder.HasOwnProcess())
        {
            return builder;
        }

        if (RunLock.TryTake(builder.AppHostDirectory) is not { } running)
        {
            Console.Error.WriteLine($"This app host runs already ({builder.AppHostDirectory}). Stop that run first: both would write to the same volumes.");
            Environment.Exit(1);
            return builder;
        }

        // The server of the dashboard would end with a stack trace, after everything else has started.
        if (DeveloperCertificate.IsMissing(builder.Configuration))
        {
            Console.Error.WriteLine(DeveloperCertificate.Advice);
            Environment.Exit(1);
        }

        // Held until the process ends.
        builder.Services.AddSingleton(running);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => running.Dispose();
        DashboardPorts.ReplaceTaken(builder.Configuration);
        return builder;
    }

    /// <summary>
    /// Writes what the app host logs to the console as a person reads it: a line with the time and the message. A model that is wrong ends it with what is
    /// wrong, and without a stack trace. Nothing of it when tests run the app host in their own process.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <returns>The builder.</returns>
    [AspireExportIgnore(Reason = "Writes to the console of the app host, which is another process in another language.")]
    public static IDistributedApplicationBuilder WithConsoleLines(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.HasOwnProcess())
        {
            AppDomain.CurrentDomain.UnhandledException += EndWithoutStackTrace;
            builder.Services.AddLogging(logging => logging
                .AddConsole(console => console.FormatterName = ConsoleLines.FormatterName)
                .AddConsoleFormatter<ConsoleLines, ConsoleFormatterOptions>());
        }

        return builder;
    }

    /// <summary>Whether the app host is the program that runs, and not a part of a test.</summary>
    internal static bool HasOwnProcess(this IDistributedApplicationBuilder builder) => Assembly.GetEntryAssembly() == builder.AppHostAssembly;

    /// <summary>The lock of this run; null when it has none.</summary>
    internal static RunLock? LockOfRun(this IDistributedApplicationBuilder builder) =>
        builder.Services.FirstOrDefault(service => service.ServiceType == typeof(RunLock))?.ImplementationInstance as RunLock;

    private static void EndWithoutStackTrace(object sender, UnhandledExceptionEventArgs failure)
    {
        if (failure.ExceptionObject is DistributedApplicationException exception)
        {
            Console.Error.WriteLine(exception.Message);
            Environment.Exit(1);
        }
    }
}

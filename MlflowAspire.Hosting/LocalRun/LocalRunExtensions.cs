using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

/// <summary>What a run on this machine has to itself.</summary>
public static class LocalRunExtensions
{
    /// <summary>
    /// Ends this process with exit code 1 when the same checkout runs already, as both would write to the same volumes, and lets the dashboard have free ports.
    /// Nothing of it when publishing, or when tests run the app host in their own process, with volumes and ports of their own.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <returns>The builder.</returns>
    public static IDistributedApplicationBuilder WithOneRunAtATime(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!builder.ExecutionContext.IsRunMode || Assembly.GetEntryAssembly() != builder.AppHostAssembly)
        {
            return builder;
        }

        if (RunLock.TryTake(builder.AppHostDirectory) is not { } running)
        {
            Console.Error.WriteLine($"This app host runs already ({builder.AppHostDirectory}). Stop that run first: both would write to the same volumes.");
            Environment.Exit(1);
            return builder;
        }

        // Held by the operating system until the process ends.
        builder.Services.AddSingleton(running);
        DashboardPorts.ReplaceTaken(builder.Configuration);
        return builder;
    }
}

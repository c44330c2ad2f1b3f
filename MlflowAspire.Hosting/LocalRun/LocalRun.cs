using System.Reflection;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>What a run on this machine has to itself.</summary>
internal static class LocalRun
{
    /// <summary>
    /// Ends this process when the same checkout runs already, as both would write to the same volumes, and lets the dashboard have free ports.
    /// Nothing of it when publishing, or when tests run the app host in their own process, with volumes and ports of their own.
    /// </summary>
    /// <returns>Held for the time of the run.</returns>
    public static IDisposable? Begin(IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsRunMode || Assembly.GetEntryAssembly() ?.GetName().Name != builder.Environment.ApplicationName)
        {
            return null;
        }

        if (RunLock.TryTake(builder.AppHostDirectory) is not { } running)
        {
            Console.Error.WriteLine($"This app host runs already ({builder.AppHostDirectory}). Stop that run first: both would write to the same volumes.");
            Environment.Exit(1);
            return null;
        }

        DashboardPorts.ReplaceTaken(builder.Configuration);
        return running;
    }
}

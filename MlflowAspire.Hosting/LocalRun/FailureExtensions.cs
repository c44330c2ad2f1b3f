using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

/// <summary>What happens in a local run when a container fails.</summary>
public static class FailureExtensions
{
    /// <summary>
    /// Starts a container again that fails after it was healthy, in a local run, as Azure Container Apps does. Its log and the console say so. One that fails
    /// before it is healthy is not started again: the reason is in its settings, and it would fail for ever. Nor is one that was stopped by hand.
    /// </summary>
    /// <typeparam name="T">The type of the container.</typeparam>
    /// <param name="builder">The container.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<T> WithRestartAfterFailure<T>(this IResourceBuilder<T> builder) where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.ApplicationBuilder.ReportFailures();
        return builder.WithAnnotation(new RestartAfterFailureAnnotation(), ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>Names on the console what fails, with the reason: the orchestrator tells only the dashboard.</summary>
    internal static void ReportFailures(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode && builder.Services.All(service => service.ServiceType != typeof(FailureMonitor)))
        {
            // Not a hosted service: those start when all containers do not wait any more.
            builder.Services.AddSingleton<FailureMonitor>();
            builder.Eventing.Subscribe<BeforeStartEvent>((start, _) =>
            {
                start.Services.GetRequiredService<FailureMonitor>().Start();
                return Task.CompletedTask;
            });
        }
    }
}

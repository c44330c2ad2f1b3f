using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Hosting;

/// <summary>What the console says while a server starts.</summary>
[AspireExportIgnore(Reason = "Internal.")]
internal static class StartProgressExtensions
{
    /// <summary>Says on the console what the server's start waits for, when it is ready, and that the app host stops.</summary>
    public static void ReportStart(this IResourceBuilder<MlflowServerResource> mlflow)
    {
        mlflow.ApplicationBuilder.Services.AddHostedService<StopLine>();
        mlflow.ApplicationBuilder.Eventing.Subscribe<BeforeStartEvent>((start, _) =>
        {
            var services = start.Services;
            new StartProgress(
                mlflow.Resource,
                services.GetRequiredService<ResourceNotificationService>(),
                services.GetRequiredService<IHostApplicationLifetime>(),
                services.GetRequiredService<ILoggerFactory>()).Start();
            return Task.CompletedTask;
        });
    }
}

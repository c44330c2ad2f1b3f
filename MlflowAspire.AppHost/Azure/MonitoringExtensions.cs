using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Provisioning.OperationalInsights;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Adds logs, traces, alerts and a workbook.</summary>
internal static class MonitoringExtensions
{
    /// <summary>Adds the workspace that all logs go to.</summary>
    public static IResourceBuilder<AzureLogAnalyticsWorkspaceResource> AddMlflowWorkspace(this IDistributedApplicationBuilder builder, MlflowSettings settings) => builder
        .AddAzureLogAnalyticsWorkspace("workspace")
        .ConfigureInfrastructure(infrastructure =>
            infrastructure.GetProvisionableResources().OfType<OperationalInsightsWorkspace>().Single().RetentionInDays = settings.Sizes.LogRetentionDays);

    /// <summary>
    /// Sends the server's own telemetry to Application Insights and the logs of the services to the workspace, and adds alerts and a workbook. Azure.Provisioning
    /// has no types for these: they are in monitoring.bicep.
    /// </summary>
    public static void AddMlflowMonitoring(
        this IDistributedApplicationBuilder builder,
        MlflowSettings settings,
        IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace,
        IResourceBuilder<MlflowServerResource> mlflow,
        IResourceBuilder<AzureContainerAppEnvironmentResource> environment,
        IResourceBuilder<AzurePostgresFlexibleServerResource> postgres,
        IResourceBuilder<AzureStorageResource> storage,
        IResourceBuilder<AzureKeyVaultResource> vault)
    {
        if (settings.OpenTelemetry)
        {
            var insights = builder.AddAzureApplicationInsights("insights", workspace);
            mlflow.WithEnvironment("APPLICATIONINSIGHTS_CONNECTION_STRING", insights.Resource.ConnectionStringExpression);
        }

        builder.AddBicepTemplate("monitoring", "Azure/monitoring.bicep")
            .WithParameter("appName", mlflow.Resource.Name)
            .WithParameter("trackingUri", environment.AddTrackingUri(mlflow, settings))
            .WithParameter("workspaceId", workspace.Resource.WorkspaceId)
            .WithParameter("postgresName", postgres.NameAfterEndpoint())
            .WithParameter("storageName", storage.Resource.NameOutputReference)
            .WithParameter("vaultName", vault.Resource.NameOutputReference)
            .WithParameter("registryName", environment.GetAzureContainerRegistry().Resource.NameOutputReference)
            .WithParameter("alertEmail", builder.AddParameter("alert-email").WithDescription("The e-mail address that alerts are sent to."));
    }
}

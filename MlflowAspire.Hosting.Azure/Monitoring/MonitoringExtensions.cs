using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Provisioning;
using Azure.Provisioning.ApplicationInsights;
using Azure.Provisioning.OperationalInsights;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Adds logs, traces, alerts and a workbook.</summary>
internal static class MonitoringExtensions
{
    private const string InsightsIdOutput = "insightsId";

    /// <summary>Adds the workspace that all logs go to.</summary>
    public static IResourceBuilder<AzureLogAnalyticsWorkspaceResource> AddMlflowWorkspace(
        this IDistributedApplicationBuilder builder, MlflowSettings settings) => builder
        .AddAzureLogAnalyticsWorkspace("workspace")
        .PublishAsExistingOr(settings.Existing.LogAnalyticsWorkspace, infrastructure =>
            infrastructure.GetProvisionableResources().OfType<OperationalInsightsWorkspace>().Single().RetentionInDays = settings.Sizes.LogRetentionDays);

    /// <summary>Lets the operators of a server read the logs; who reads those of an existing workspace is for its owner to say.</summary>
    public static void LetOperatorsRead(this IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace, MlflowServerResource server)
    {
        if (!workspace.Resource.IsExisting())
        {
            workspace.ConfigureInfrastructure(infrastructure =>
            {
                var service = infrastructure.GetProvisionableResources().OfType<OperationalInsightsWorkspace>().Single();
                OperatorRoles.Assign(infrastructure, server, service, service.Id, OperatorRoles.LogAnalyticsReader);
            });
        }
    }

    /// <summary>
    /// Sends the server's own telemetry to Application Insights and the logs of the services to the workspace, and adds alerts and a workbook.
    /// Azure.Provisioning has no types for these: each is a module in a file of Bicep.
    /// </summary>
    public static void AddMlflowMonitoring(
        this IDistributedApplicationBuilder builder,
        MlflowSettings settings,
        IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace,
        IResourceBuilder<MlflowServerResource> mlflow,
        IResourceBuilder<AzureContainerAppEnvironmentResource> environment,
        IResourceBuilder<AzurePostgresFlexibleServerResource> postgres,
        IResourceBuilder<AzureKeyVaultResource> vault,
        IResourceBuilder<AzureStorageResource>? storage = null)
    {
        var trackingUri = environment.AddTrackingUri(mlflow, settings);
        var postgresName = postgres.NameAfterEndpoint();
        var registry = environment.GetAzureContainerRegistry().Resource;
        // What is logged of existing resources is for their owner to say.
        builder.AddModule("logs", workspace)
            .WithParameter("environmentName", new BicepOutputReference("AZURE_CONTAINER_APPS_ENVIRONMENT_NAME", environment.Resource))
            .WithParameter("postgresName", postgresName)
            .WithNameUnlessExisting("vaultName", vault.Resource, vault.Resource.NameOutputReference)
            .WithNameUnlessExisting("registryName", registry, registry.NameOutputReference)
            .WithNameUnlessExisting("storageName", storage?.Resource, storage?.Resource.NameOutputReference);
        var alerts = builder.AddModule("alerts", workspace)
            .WithParameter("appName", ContainerAppName.Of(mlflow.Resource))
            .WithParameter("postgresName", postgresName)
            .WithParameter("alertEmail", builder.AddParameter("alert-email").WithDescription("The e-mail address that alerts are sent to."));
        if (storage is not null)
        {
            alerts.WithParameter("storageId", storage.Resource.Id);
        }

        var workbook = builder.AddModule("workbook", workspace)
            .WithParameter("appName", ContainerAppName.Of(mlflow.Resource))
            .WithParameter("trackingUri", trackingUri)
            .WithNameUnlessExisting("storageName", storage?.Resource, storage?.Resource.NameOutputReference);
        if (settings.OpenTelemetry)
        {
            var insights = builder.AddAzureApplicationInsights("insights", workspace)
                .ConfigureInfrastructure(infrastructure => infrastructure.Add(new ProvisioningOutput(InsightsIdOutput, typeof(string))
                {
                    Value = infrastructure.GetProvisionableResources().OfType<ApplicationInsightsComponent>().Single().Id,
                }));
            mlflow.WithEnvironment("APPLICATIONINSIGHTS_CONNECTION_STRING", insights.Resource.ConnectionStringExpression);
            var insightsId = new BicepOutputReference(InsightsIdOutput, insights.Resource);
            alerts.WithParameter("insightsId", insightsId);
            workbook.WithParameter("insightsId", insightsId);
            if (settings.Server is { Ingress: IngressMode.External, AllowedAddresses: [] })
            {
                // Anyone else could not reach it either.
                alerts.WithParameter("webTestUri", trackingUri);
            }
        }

        // Alerts on metrics need their target, and the apps are deployed after the module of the others.
        mlflow.AlertOnReplicas(alerts);
        builder.OnBeforeStart((_, _) =>
        {
            if (builder.Resources.OfType<MlflowTaskResource>().SingleOrDefault(task => task.Name == PeriodicTasksApp.NameOf(mlflow.Resource)) is { } periodic)
            {
                // Without ingress nobody else would notice.
                builder.CreateResourceBuilder(periodic).AlertOnReplicas(alerts);
            }

            return Task.CompletedTask;
        });
    }

    private static IResourceBuilder<AzureBicepResource> AddModule(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace) => builder
        .AddResource(new AzureBicepResource($"monitoring-{name}", templateString: ReadTemplate(name)))
        .WithParameter("workspaceId", workspace.Resource.WorkspaceId);

    private static IResourceBuilder<AzureBicepResource> WithNameUnlessExisting(
        this IResourceBuilder<AzureBicepResource> module, string parameter, IResource? resource, BicepOutputReference? name) =>
        resource is null || resource.IsExisting() ? module : module.WithParameter(parameter, name!);

    private static void AlertOnReplicas<T>(this IResourceBuilder<T> app, IResourceBuilder<AzureBicepResource> alerts) where T : ContainerResource =>
        // PublishAsAzureContainerApp would add services as well, for which it is too late.
        app.WithAnnotation(new AzureContainerAppCustomizationAnnotation((infrastructure, published) => infrastructure.Add(ReplicasAlert.Create(
            published, ContainerAppName.Of(app.Resource), alerts.GetOutput("operatorsId").AsProvisioningParameter(infrastructure)))));

    private static string ReadTemplate(string name)
    {
        using var reader = new StreamReader(typeof(MonitoringExtensions).Assembly.GetManifestResourceStream($"{name}.bicep")!);
        return reader.ReadToEnd();
    }
}

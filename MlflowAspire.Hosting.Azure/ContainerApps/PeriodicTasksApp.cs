using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// Periodic jobs must run on one replica, and all replicas of an app are alike: a second app without ingress, of one replica, runs them where there are more.
/// </summary>
internal static class PeriodicTasksApp
{
    private const string Variable = "MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS";

    public static string NameOf(MlflowServerResource server) => $"{server.Name}-periodic";

    public static bool IsNeededBy(MlflowServerResource server) => server is { Replicas: > 1, RunsJobs: true };

    public static void AddPeriodicTasksApp(this IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        if (!IsNeededBy(server))
        {
            return;
        }

        mlflow.ApplicationBuilder.AddTask(mlflow, new(NameOf(server)), "Clock")
            .WithArgs("serve")
            .WithEnvironmentOf(server)
            // Without ingress it has no sign-in in front of it.
            .WithEnvironment(context => context.EnvironmentVariables.Remove(EntraAuthConfig.SecretVariable))
            .WithEnvironment("MLFLOW_WORKERS", "1")
            .WithEnvironment(Variable, "true")
            .RunBeside(server)
            // PublishAsAzureContainerApp would add services as well, for which it is too late.
            .WithAnnotation(new AzureContainerAppCustomizationAnnotation((infrastructure, app) =>
            {
                if (server.TryGetLastAnnotation<ArtifactShareAnnotation>(out var artifacts))
                {
                    artifacts.Share.MountIn(infrastructure, app.Template.Volumes, app.Template.Containers);
                }

                ContainerAppTemplates.Configure(mlflow, app, MlflowServerSize.WithJobs, replicas: 1);
                OperatorRoles.Assign(infrastructure, server, app, app.Id, OperatorRoles.AppsOperator);
            }));
        mlflow.WithEnvironment(Variable, "false");
    }
}

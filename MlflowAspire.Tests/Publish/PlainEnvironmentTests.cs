using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>A server is complete in any Container Apps environment, without a call that says so.</summary>
[Trait("Category", "Publish")]
public sealed class PlainEnvironmentTests
{
    [BicepFact]
    public async Task A_server_is_complete_by_itself()
    {
        var deployment = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            AddServer(builder);
        });

        var app = deployment.Only("Microsoft.App/containerApps");
        var (migration, server) = (app.Containers.First(), app.Containers.Last());
        Assert.Equal(("mlflow-migrate", "migrate"), (migration.Name, Assert.Single(migration.Args)));
        Assert.Equal(("1", "1"), (app["properties.template.scale.minReplicas"], app["properties.template.scale.maxReplicas"]));
        Assert.Equal(("1", "2Gi"), ((string?)server.Content["resources"]!["cpu"]?.ToString(), (string?)server.Content["resources"]!["memory"]));
        Assert.Equal(["Liveness", "Readiness", "Startup"], server.Content["probes"]!.AsArray().Select(probe => (string)probe!["type"]!).Order());
        Assert.Equal("5001", server.Environment["MLFLOW_READINESS_PORT"].Value);
        Assert.DoesNotContain("MLFLOW_SERVER_MIGRATE", server.Environment.Keys);
        Assert.Equal("false", app["properties.configuration.ingress.allowInsecure"]);

        var job = deployment.Only("Microsoft.App/jobs");
        Assert.Equal(("mlflow-gc", "0 3 * * *"), (job.Name, job["properties.configuration.scheduleTriggerConfig.cronExpression"]));
        Assert.Equal(["gc", "--older-than", "30d"], job.Containers.Single().Args);
        Assert.Equal(["environment_mi", "mlflow_identity"], deployment.All("Microsoft.ManagedIdentity/userAssignedIdentities")
            .Select(identity => identity.Name.Split('-')[0]).Order());
        Assert.Single(deployment.All("Microsoft.DBforPostgreSQL/flexibleServers/administrators"));
        Assert.Equal(["containers", "registries"], deployment.All("Microsoft.Authorization/roleAssignments").Select(IdentityTests.TypeOfTarget).Order());
        Assert.DoesNotContain(await deployment.DiagnosticsAsync(), diagnostic =>
            diagnostic.Level == "Error" || diagnostic.Code.StartsWith("BCP", StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Azure_takes_small_letters_and_each_job_once()
    {
        var deployment = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            AddServer(builder, "Mlflow").WithOperationJobs([OperationJob.Check, OperationJob.Check]);
        });

        Assert.Equal("mlflow", deployment.Only("Microsoft.App/containerApps").Name);
        Assert.Equal(["mlflow-check", "mlflow-gc"], deployment.All("Microsoft.App/jobs").Select(job => job.Name).Order(StringComparer.Ordinal));
    }

    [BicepFact]
    public async Task It_does_not_matter_which_comes_first()
    {
        var before = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            AddServer(builder);
        });
        var after = await DeployAsync(builder =>
        {
            AddServer(builder);
            builder.AddAzureContainerAppEnvironment("environment");
        });

        Assert.Equal("", ResourceDifference.Between(before, after));
    }

    [BicepFact]
    public async Task What_the_app_host_sets_itself_stays()
    {
        var deployment = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            AddServer(builder).PublishAsAzureContainerApp((_, app) => app.Template.Scale.MaxReplicas = 7).WithGarbageCollection("0 5 * * 0", "90d");
        });

        var app = deployment.Only("Microsoft.App/containerApps");
        Assert.Equal(("1", "7"), (app["properties.template.scale.minReplicas"], app["properties.template.scale.maxReplicas"]));
        Assert.Equal(["gc", "--older-than", "90d"], deployment.Only("Microsoft.App/jobs").Containers.Single().Args);
    }

    [BicepFact]
    public async Task Tasks_run_in_the_environment_of_their_server()
    {
        var deployment = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("first");
            AddServer(builder).WithJobs().WithReplicas(2).WithJobQueue(builder.AddParameter("queue-url", secret: true))
                .WithComputeEnvironment(builder.AddAzureContainerAppEnvironment("second"));
        });

        var environment = Assert.Single(
            deployment.All("Microsoft.App/managedEnvironments"), environment => environment.Name.StartsWith("second", StringComparison.Ordinal));
        var workloads = deployment.Resources.Where(resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs").ToList();
        Assert.Equal(["mlflow", "mlflow-gc", "mlflow-periodic"], workloads.Select(workload => workload.Name).Order());
        Assert.All(workloads, workload => Assert.Equal(environment.Id, workload["properties.environmentId"]));
    }

    [BicepFact]
    public async Task Others_keep_their_roles_on_the_stores()
    {
        const string contributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
        var deployment = await DeployAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            var mlflow = AddServer(builder);
            var artifacts = (AzureBlobStorageContainerResource)mlflow.Resource.ArtifactStore!;
            builder.AddContainer("reports", "reports").WithReference(builder.CreateResourceBuilder(artifacts));
        });

        var roles = deployment.All("Microsoft.Authorization/roleAssignments")
            .Where(role => role["properties.roleDefinitionId"]!.Contains(contributor, StringComparison.Ordinal)).ToList();
        Assert.Equal(["containers", "storageAccounts"], roles.Select(IdentityTests.TypeOfTarget).Order());
    }

    private static IResourceBuilder<MlflowServerResource> AddServer(IDistributedApplicationBuilder builder, string name = "mlflow") => builder.AddMlflow(name)
        .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db"))
        .WithArtifactStore(builder.AddAzureStorage("storage").AddBlobContainer("artifacts"));

    private static async Task<Deployment> DeployAsync(Action<IDistributedApplicationBuilder> build) =>
        await (await PublishedApp.PublishAsync(build)).DeployAsync();
}

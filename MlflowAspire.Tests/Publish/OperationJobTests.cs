using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>The jobs that operators start, so that nothing need reach into the network.</summary>
[Trait("Category", "Publish")]
public sealed class OperationJobTests
{
    private const string Job = "Microsoft.App/jobs";

    private static readonly string[] s_database =
        ["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "MLFLOW_APP_NAME", "MLFLOW_AUTH_DATABASE_URI", "MLFLOW_BACKEND_STORE_URI", "PGUSER"];

    private static readonly string[] s_all = [.. s_database, "MLFLOW_ARTIFACTS_DESTINATION", "MLFLOW_BACKUP_DESTINATION"];

    [BicepFact]
    public async Task Each_operation_has_what_it_uses_and_no_more()
    {
        var deployment = await Deployment.GetAsync();

        Assert.Equal(
            ["mlflow-backup", "mlflow-check", "mlflow-gc", "mlflow-reset-admin", "mlflow-restore", "mlflow-users"],
            deployment.All(Job).Select(job => job.Name).Order(StringComparer.Ordinal));
        AssertJob("check", s_all);
        AssertJob("backup", s_all);
        AssertJob("restore", s_all);
        AssertJob("users", s_database);
        AssertJob("reset-admin", [.. s_database, "MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_AUTH_ADMIN_USERNAME"], "mlflow-auth-admin-password");

        void AssertJob(string operation, string[] variables, params string[] secrets)
        {
            var job = deployment.Only(Job, $"mlflow-{operation}");
            var container = Assert.Single(job.Containers);
            Assert.Equal([operation], container.Args);
            Assert.Equal(variables.Order(StringComparer.Ordinal), container.Environment.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(secrets, job.List("properties.configuration.secrets").Select(secret => (string)secret["name"]!));
            Assert.Equal(
                ("Manual", "1", "1", "0"),
                (job["properties.configuration.triggerType"], job["properties.configuration.manualTriggerConfig.parallelism"],
                    job["properties.configuration.manualTriggerConfig.replicaCompletionCount"], job["properties.configuration.replicaRetryLimit"]));
        }
    }

    [BicepTheory]
    [InlineData("Database:Authentication=password")]
    [InlineData("Storage:Authentication=access-key")]
    [InlineData("SignIn=entra", "Oidc:TenantId=6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10", "Oidc:ClientId=mlflow")]
    public async Task Jobs_have_the_servers_image_environment_identity_and_values(params string[] settings)
    {
        var deployment = await Deployment.GetAsync(settings);
        var app = deployment.Only("Microsoft.App/containerApps", "mlflow");
        var server = app.Containers.Last();

        foreach (var job in deployment.All(Job).Where(job => job.Name != "mlflow-gc"))
        {
            var container = Assert.Single(job.Containers);
            Assert.Equal((string?)server.Content["image"], (string?)container.Content["image"]);
            Assert.All(container.Environment, variable => Assert.Equal(server.Environment[variable.Key], variable.Value));
            foreach (var part in new[]
            {
                "identity", "location", "properties.environmentId", "properties.configuration.registries", "properties.configuration.identitySettings",
            })
            {
                Assert.Equal(Values(app, part), Values(job, part));
            }

            Assert.Equal(
                container.Environment.Values.Select(variable => variable.Secret).OfType<string>().Order(StringComparer.Ordinal),
                job.List("properties.configuration.secrets").Select(secret => (string)secret["name"]!).Order(StringComparer.Ordinal));
            Assert.All(
                job.List("properties.configuration.secrets"),
                secret => Assert.Contains(
                    secret.ToJsonString(), app.List("properties.configuration.secrets").Select(other => other.ToJsonString())));
        }

        static IEnumerable<KeyValuePair<string, string>> Values(DeployedResource resource, string part)
        {
            var values = resource.Values.Where(value => value.Key == part || value.Key.StartsWith($"{part}.", StringComparison.Ordinal)
                || value.Key.StartsWith($"{part}[", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(values);
            return values;
        }
    }

    [BicepTheory]
    [InlineData(
        "oidc", "backup, check, gc, restore, users", "Oidc:DiscoveryUrl=https://login.example.com/.well-known/openid-configuration", "Oidc:ClientId=mlflow")]
    [InlineData("none", "backup, check, gc, restore", "AllowAnonymous=true")]
    [InlineData("basic", "check, gc", "OperationJobs=check")]
    [InlineData("basic", "gc", "OperationJobs=none")]
    public async Task Jobs_are_those_that_the_sign_in_and_the_settings_ask_for(string signIn, string jobs, params string[] settings)
    {
        var deployment = await Deployment.GetAsync([$"SignIn={signIn}", .. settings]);

        Assert.Equal(jobs, string.Join(", ", deployment.All(Job).Select(job => job.Name["mlflow-".Length..]).Order(StringComparer.Ordinal)));
    }

    [BicepFact]
    public async Task Backups_are_made_on_a_schedule_when_there_is_one()
    {
        var job = (await Deployment.GetAsync("Backups:Schedule=0 1 * * 0")).Only(Job, "mlflow-backup");

        Assert.Equal(
            ("Schedule", "0 1 * * 0", null),
            (job["properties.configuration.triggerType"], job["properties.configuration.scheduleTriggerConfig.cronExpression"],
                job["properties.configuration.manualTriggerConfig.parallelism"]));
    }

    [BicepFact]
    public async Task Backups_have_a_container_of_their_own_and_are_removed_when_they_are_old()
    {
        var deployment = await Deployment.GetAsync("Backups:RetentionDays=400");

        Assert.Equal(
            ["mlflow", "mlflow-backups"],
            deployment.All("Microsoft.Storage/storageAccounts/blobServices/containers").Select(container => container.Name).Order(StringComparer.Ordinal));
        var rule = Assert.Single(
            deployment.Only("Microsoft.Storage/storageAccounts/managementPolicies").List("properties.policy.rules"),
            rule => (string?)rule["name"] == "remove-backups");
        Assert.Equal("""["mlflow-backups/"]""", rule["definition"]!["filters"]!["prefixMatch"]!.ToJsonString());
        Assert.Equal("""{"baseBlob":{"delete":{"daysAfterModificationGreaterThan":400}}}""", rule["definition"]!["actions"]!.ToJsonString());
    }

    [BicepTheory]
    [InlineData("Storage:Authentication=identity", false)]
    [InlineData("Storage:Authentication=access-key", true)]
    public async Task Migration_saves_the_rows_there_first(string setting, bool hasKey)
    {
        var app = (await Deployment.GetAsync(setting)).Only("Microsoft.App/containerApps", "mlflow");
        var (migration, server) = (app.Containers.First(), app.Containers.Last());

        Assert.Equal("mlflow-migrate", migration.Name);
        Assert.Contains("wasbs://mlflow-backups@", migration.Environment["MLFLOW_BACKUP_DESTINATION"].Value, StringComparison.Ordinal);
        Assert.Equal(hasKey, migration.Environment.ContainsKey("AZURE_STORAGE_ACCESS_KEY"));
        Assert.Equal(server.Environment["MLFLOW_BACKUP_DESTINATION"], migration.Environment["MLFLOW_BACKUP_DESTINATION"]);
    }

    [BicepFact]
    public async Task Another_artifact_store_has_no_backups_in_Azure()
    {
        var deployment = await (await PublishedApp.PublishAsync(builder => Server(builder).PublishToPrivateNetwork())).DeployAsync();

        Assert.Equal(
            ["mlflow-check", "mlflow-gc", "mlflow-reset-admin", "mlflow-users"], deployment.All(Job).Select(job => job.Name).Order(StringComparer.Ordinal));
        Assert.All(deployment.Containers, container => Assert.DoesNotContain("MLFLOW_BACKUP_DESTINATION", container.Environment.Keys));
    }

    [Fact]
    public async Task Jobs_that_cannot_work_are_refused()
    {
        var wrong = await Assert.ThrowsAsync<SettingsException>(() => PublishedApp.PublishAsync(
            builder => Server(builder).PublishToPrivateNetwork(new() { OperationJobs = [OperationJob.Check, OperationJob.Restore] })));
        Assert.Contains("Mlflow:OperationJobs is 'restore'", wrong.Message, StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            Server(builder).WithOperationJobs([OperationJob.Backup]);
        }));
        Assert.Contains("'backup' and not what it needs: a blob container for backups", refused.Message, StringComparison.Ordinal);
    }

    private static IResourceBuilder<MlflowServerResource> Server(IDistributedApplicationBuilder builder) => builder.AddMlflow("mlflow")
        .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow"))
        .WithS3ArtifactStore("artifacts")
        .WithBasicAuth();
}

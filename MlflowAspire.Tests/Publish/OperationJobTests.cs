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
    [InlineData("Import:UserName=owner", "MLFLOW_TRACKING_PASSWORD", "mlflow-tracking-password", "import-password")]
    [InlineData("Import:Token=true", "MLFLOW_TRACKING_TOKEN", "mlflow-tracking-token", "import-token")]
    public async Task The_import_has_a_secret_that_the_server_and_other_jobs_have_not(string signIn, string variable, string secret, string parameter)
    {
        var deployment = await Deployment.GetAsync("Import:Source=https://mlflow.example.com/prefix", signIn, "Import:Deleted=true", "Import:Replace=true");
        var job = deployment.Only(Job, "mlflow-import");
        var environment = Assert.Single(job.Containers).Environment;
        Dictionary<string, string> settings = new()
        {
            ["MLFLOW_IMPORT_SOURCE"] = "https://mlflow.example.com/prefix",
            ["MLFLOW_IMPORT_DELETED"] = "true",
            ["MLFLOW_IMPORT_REPLACE"] = "true",
        };
        if (signIn.Contains("UserName", StringComparison.Ordinal))
        {
            settings["MLFLOW_TRACKING_USERNAME"] = "owner";
        }

        Assert.Equal(["import"], Assert.Single(job.Containers).Args);
        Assert.Equal(
            [.. s_database.Concat(settings.Keys).Append("MLFLOW_ARTIFACTS_DESTINATION").Append(variable).Order(StringComparer.Ordinal)],
            environment.Keys.Order(StringComparer.Ordinal));
        Assert.All(settings, setting => Assert.Equal(setting.Value, environment[setting.Key].Value));
        Assert.Equal(secret, environment[variable].Secret);
        var reference = Assert.Single(job.List("properties.configuration.secrets"));
        Assert.Equal(secret, (string?)reference["name"]);
        Assert.Contains($"/secrets/{parameter}'", (string?)reference["keyVaultUrl"], StringComparison.Ordinal);
        Assert.Equal("43200", job["properties.configuration.replicaTimeout"]);
        // Its disk, on which it copies the rows, grows with its cores.
        Assert.Equal("2", job["properties.template.containers[0].resources.cpu"]);

        // The server's own identity could read it, and so could any secret of the vault; no container but this one is handed it.
        Assert.All(
            deployment.Containers.Where(container => container.Resource.Name != "mlflow-import"),
            container => Assert.DoesNotContain(
                container.Environment.Keys, name => name.StartsWith("MLFLOW_IMPORT_", StringComparison.Ordinal) || name == variable));
        Assert.DoesNotContain(
            deployment.Resources.Where(resource => resource.Name != "mlflow-import").SelectMany(resource => resource.List("properties.configuration.secrets")),
            other => (string?)other["name"] == secret);
    }

    [BicepFact]
    public async Task The_secret_of_an_import_is_a_parameter_where_no_vault_keeps_it()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            Server(builder)
                .WithOperationJobs()
                .WithImportSource("https://mlflow.example.com", new() { UserName = "owner", Password = builder.AddParameter("theirs", secret: true) });
        });
        var job = (await published.DeployAsync()).Only(Job, "mlflow-import");

        var secret = Assert.Single(job.List("properties.configuration.secrets"), secret => (string?)secret["name"] == "mlflow-tracking-password");
        Assert.Equal("[parameters('theirs')]", (string?)secret["value"]);
        Assert.Contains("@secure()\nparam theirs_value string", published.Files["mlflow-containerapp.module.bicep"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://mlflow.example.com", "address (MLFLOW_IMPORT_SOURCE) is 'http://mlflow.example.com'; accepted: the address of a server by https")]
    [InlineData("https://mlflow.example.com", "UserName and Password are given together", "owner")]
    [InlineData("https://mlflow.example.com", "Password is the parameter 'plain', which is not secret", "owner", "plain")]
    [InlineData("https://mlflow.example.com", "accepted: a token, or a user name and a password.", "owner", "password", "token")]
    public void A_source_that_cannot_work_is_refused(string address, string message, string? userName = null, string? password = null, string? token = null)
    {
        var builder = DistributedApplication.CreateBuilder();

        var wrong = Assert.Throws<ArgumentException>(() => builder.AddMlflow("mlflow").WithImportSource(
            address, new() { UserName = userName, Password = Parameter(password), Token = Parameter(token) }));

        Assert.Contains(message, wrong.Message, StringComparison.Ordinal);

        IResourceBuilder<ParameterResource>? Parameter(string? name) => name is null ? null : builder.AddParameter(name, secret: name != "plain");
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

        refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            Server(builder).WithOperationJobs([OperationJob.Import]);
        }));
        Assert.Contains("'import' and not what it needs: a server to import from (WithImportSource)", refused.Message, StringComparison.Ordinal);
    }

    private static IResourceBuilder<MlflowServerResource> Server(IDistributedApplicationBuilder builder) => builder.AddMlflow("mlflow")
        .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow"))
        .WithS3ArtifactStore("artifacts")
        .WithBasicAuth();
}

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class ServerTests
{
    private const string App = "Microsoft.App/containerApps";
    private const string Host = "${'mlflow.${environment_outputs_azure_container_apps_environment_default_domain}'}";

    [Fact]
    public async Task Ingress_takes_https_alone_and_one_revision_is_active()
    {
        var app = (await PublishedApp.GetAsync()).Only(App);

        Assert.Equal(("true", "false", "5000"), (app["properties.configuration.ingress.external"], app["properties.configuration.ingress.allowInsecure"], app["properties.configuration.ingress.targetPort"]));
        Assert.Equal("'Single'", app["properties.configuration.activeRevisionsMode"]);
        Assert.Contains("output MLFLOW_TRACKING_URI string = 'https://${mlflow.properties.configuration.ingress.fqdn}'", (await PublishedApp.GetAsync()).Files["mlflow-containerapp.module.bicep"], StringComparison.Ordinal);
        Assert.Null(app["properties.configuration.ingress.ipSecurityRestrictions[0].action"]);
        Assert.Null(app["properties.configuration.ingress.customDomains[0].name"]);
    }

    [Fact]
    public async Task Database_is_migrated_before_the_server_starts()
    {
        var containers = BicepContainer.Of((await PublishedApp.GetAsync()).Only(App)).ToList();

        Assert.Equal(["'mlflow-migrate'", "'mlflow'"], containers.Select(container => container["name"]));
        Assert.Equal(["mlflow_containerimage"], containers.Select(container => container["image"]).Distinct());
        Assert.Equal(["'migrate'"], containers[0].Args);
        Assert.Empty(containers[1].Args);
        Assert.Equal(
            ["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "MLFLOW_BACKEND_STORE_URI", "PGUSER"],
            containers[0].Environment.Keys.Order(StringComparer.Ordinal));
        Assert.All(containers[0].Environment, variable => Assert.Equal(containers[1].Environment[variable.Key], variable.Value));
    }

    [Fact]
    public async Task Probes_cover_startup_liveness_and_readiness()
    {
        var server = BicepContainer.Of((await PublishedApp.GetAsync()).Only(App)).Last();

        var probes = server.Items("probes").Select(path => (server.Resource[$"{path}.type"], server.Resource[$"{path}.httpGet.port"], server.Resource[$"{path}.httpGet.path"]));
        Assert.Equal([("'Startup'", "5000", "'/health'"), ("'Liveness'", "5000", "'/health'"), ("'Readiness'", "5001", "'/ready'")], probes);
        // Container Apps refuses more failures than ten, and what readiness asks is no part of the ingress.
        Assert.All(server.Items("probes"), path => Assert.InRange(int.Parse(server.Resource[$"{path}.failureThreshold"]!, null), 3, 10));
        Assert.Equal("'5001'", server.Environment["MLFLOW_READINESS_PORT"].Value);
    }

    [Theory]
    [InlineData("Jobs=false", "1", "'2Gi'", "'false'")]
    [InlineData("Jobs=true", "2", "'4Gi'", "'true'")]
    public async Task Jobs_raise_the_size(string setting, string cores, string memory, string jobs)
    {
        var server = BicepContainer.Of((await PublishedApp.GetAsync(setting)).Only(App)).Last();

        Assert.Equal((cores, memory), (server["resources.cpu"], server["resources.memory"]));
        Assert.Equal(jobs, server.Environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"].Value);
    }

    [Fact]
    public async Task Own_names_are_allowed_as_host_and_as_origin_and_no_others()
    {
        var environment = BicepContainer.Of((await PublishedApp.GetAsync()).Only(App)).Last().Environment;

        Assert.Equal($"'mlflow,mlflow:*,{Host},{Host}:*'", environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Value);
        Assert.Equal($"'https://{Host}'", environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].Value);
        Assert.DoesNotContain("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", environment.Keys);
    }

    [Fact]
    public async Task Custom_domain_is_served_and_allowed()
    {
        var app = (await PublishedApp.GetAsync("CustomDomain=true")).Only(App);
        var environment = BicepContainer.Of(app).Last().Environment;

        Assert.Equal("custom_domain", app["properties.configuration.ingress.customDomains[0].name"]);
        Assert.Equal($"'mlflow,mlflow:*,{Host},{Host}:*,${{custom_domain_value}},${{custom_domain_value}}:*'", environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Value);
        Assert.Equal($"'https://{Host},https://${{custom_domain_value}}'", environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].Value);
    }

    [Fact]
    public async Task Addresses_are_restricted_to_those_of_the_setting()
    {
        var app = (await PublishedApp.GetAsync("AllowedAddresses=203.0.113.0/24,198.51.100.7/32")).Only(App);

        var rules = Enumerable.Range(0, 3).Select(i => (app[$"properties.configuration.ingress.ipSecurityRestrictions[{i}].ipAddressRange"], app[$"properties.configuration.ingress.ipSecurityRestrictions[{i}].action"]));
        Assert.Equal([("'203.0.113.0/24'", "'Allow'"), ("'198.51.100.7/32'", "'Allow'"), (null, null)], rules);
    }

    [Fact]
    public async Task One_replica_runs_and_more_do_not_run_periodic_jobs()
    {
        var one = (await PublishedApp.GetAsync()).Only(App);
        Assert.Equal(("1", "1"), (one["properties.template.scale.minReplicas"], one["properties.template.scale.maxReplicas"]));

        var apps = (await PublishedApp.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis")).Resources.Where(resource => resource.Type == App).ToDictionary(resource => resource.Symbol);
        var (server, periodic) = (BicepContainer.Of(apps["mlflow"]).Last().Environment, BicepContainer.Of(apps["mlflow_periodic"]).Last().Environment);
        Assert.Equal(("3", "3"), (apps["mlflow"]["properties.template.scale.minReplicas"], apps["mlflow"]["properties.template.scale.maxReplicas"]));
        Assert.Equal(("1", "1"), (apps["mlflow_periodic"]["properties.template.scale.minReplicas"], apps["mlflow_periodic"]["properties.template.scale.maxReplicas"]));
        Assert.Null(apps["mlflow_periodic"]["properties.configuration.ingress.targetPort"]);
        Assert.Equal(("'false'", "'true'"), (server["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"].Value, periodic["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"].Value));
        Assert.Equal("mlflow-server-job-huey-redis-url", server["MLFLOW_SERVER_JOB_HUEY_REDIS_URL"].Secret);

        // All the same but for what makes it the one that runs periodic jobs: the secrets above all.
        Assert.Equal(server.Keys.Order(), periodic.Keys.Order());
        Assert.Equal(["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS", "MLFLOW_WORKERS"], server.Keys.Where(name => server[name] != periodic[name]).Order());
    }

    [Fact]
    public async Task Garbage_collection_is_a_scheduled_job_on_the_stores_of_the_server()
    {
        var published = await PublishedApp.GetAsync("GarbageCollection:Schedule=30 1 * * 0", "GarbageCollection:OlderThan=7d");
        var job = published.Only("Microsoft.App/jobs");
        var container = Assert.Single(BicepContainer.Of(job));

        Assert.Equal(("'Schedule'", "gc_schedule", "1"), (job["properties.configuration.triggerType"], job["properties.configuration.scheduleTriggerConfig.cronExpression"], job["properties.configuration.scheduleTriggerConfig.parallelism"]));
        Assert.Equal(["'gc'", "'--older-than'", "gc_older_than_value"], container.Args);
        var server = BicepContainer.Of(published.Only(App)).Last().Environment;
        foreach (var name in new[] { "MLFLOW_BACKEND_STORE_URI", "PGUSER", "MLFLOW_ARTIFACTS_DESTINATION", "AZURE_CLIENT_ID" })
        {
            Assert.Equal(server[name], container.Environment[name]);
        }

        Assert.DoesNotContain(container.Environment.Keys, name => name.StartsWith("MLFLOW_TRACKING", StringComparison.Ordinal));
        Assert.Equal(("30 1 * * 0", "7d"), (Default(published, "gc-schedule"), Default(published, "gc-older-than")));
        // The same Dockerfile, context and arguments: the same image.
        Assert.Equal(published.Manifest["mlflow"]!["build"]!.ToJsonString(), published.Manifest["mlflow-gc"]!["build"]!.ToJsonString());
    }

    private static string? Default(PublishedApp app, string parameter) => (string?)app.Manifest[parameter]!["inputs"]!["value"]!["default"]!["value"];
}

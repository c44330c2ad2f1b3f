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
            ["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "MLFLOW_APP_NAME", "MLFLOW_AUTH_DATABASE_URI", "MLFLOW_BACKEND_STORE_URI", "PGUSER"],
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
        var published = await PublishedApp.GetAsync("CustomDomain=ml.example.com");
        var app = published.Only(App);
        var environment = BicepContainer.Of(app).Last().Environment;

        Assert.Equal($"'mlflow,mlflow:*,{Host},{Host}:*,ml.example.com,ml.example.com:*'", environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Value);
        Assert.Equal($"'https://{Host},https://ml.example.com'", environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].Value);

        // One deployment: Azure issues the certificate once the app has the domain, and binds it then.
        Assert.Equal(("'ml.example.com'", "'Auto'"), (app["properties.configuration.ingress.customDomains[0].name"], app["properties.configuration.ingress.customDomains[0].bindingType"]));
        var certificate = published.Only("Microsoft.App/managedEnvironments/managedCertificates");
        Assert.Equal(("'ml.example.com'", "'CNAME'", "mlflow"), (certificate["properties.subjectName"], certificate["properties.domainControlValidation"], certificate["dependsOn[0]"]));
    }

    [Fact]
    public async Task Own_certificate_comes_from_the_vault()
    {
        var published = await PublishedApp.GetAsync("CustomDomain=ml.example.com", "Certificate=vault", "AllowedAddresses=203.0.113.0/24");
        var certificate = published.Only("Microsoft.App/managedEnvironments/certificates");

        Assert.Equal(
            ("mlflow_identity_outputs_id", "vault_mlflow_certificate.properties.secretUri"),
            (certificate["properties.certificateKeyVaultProperties.identity"], certificate["properties.certificateKeyVaultProperties.keyVaultUrl"]));
        Assert.Equal("{ }", published.Only("Microsoft.App/managedEnvironments")["identity.userAssignedIdentities.${mlflow_identity_outputs_id}"]);
        Assert.Equal(
            ("'SniEnabled'", "certificate.id"),
            (published.Only(App)["properties.configuration.ingress.customDomains[0].bindingType"], published.Only(App)["properties.configuration.ingress.customDomains[0].certificateId"]));
        Assert.DoesNotContain(published.Resources, resource => resource.Type == "Microsoft.App/managedEnvironments/managedCertificates");
    }

    [Theory]
    [InlineData("external", "true", "false", "https://mlflow.${environment.properties.defaultDomain}")]
    [InlineData("internal", "true", "true", "https://mlflow.${environment.properties.defaultDomain}")]
    [InlineData("environment", "false", "false", "https://mlflow.internal.${environment.properties.defaultDomain}")]
    public async Task Ingress_is_of_the_internet_the_network_or_the_environment(string ingress, string external, string isInternal, string address)
    {
        var published = await PublishedApp.GetAsync($"Ingress={ingress}");

        Assert.Equal(external, published.Only(App)["properties.configuration.ingress.external"]);
        Assert.Equal(isInternal, published.Only("Microsoft.App/managedEnvironments")["properties.vnetConfiguration.internal"]);
        Assert.Contains($"output MLFLOW_TRACKING_URI string = '{address}'", published.Files["environment.module.bicep"], StringComparison.Ordinal);
        Assert.Equal("{environment.outputs.MLFLOW_TRACKING_URI}", (string?)published.Manifest["tracking-uri"]!["connectionString"]);
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
        Assert.Equal("'3'", server["MLFLOW_SERVER_REPLICAS"].Value);
        Assert.Equal(["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"], server.Keys.Where(name => server[name] != periodic[name]).Order());
    }

    [Fact]
    public async Task Garbage_collection_is_a_scheduled_job_on_the_stores_of_the_server()
    {
        var published = await PublishedApp.GetAsync("GarbageCollection:Schedule=30 1 * * 0", "GarbageCollection:OlderThan=7d");
        var job = published.Only("Microsoft.App/jobs");
        var container = Assert.Single(BicepContainer.Of(job));

        Assert.Equal(("'Schedule'", "'30 1 * * 0'", "1"), (job["properties.configuration.triggerType"], job["properties.configuration.scheduleTriggerConfig.cronExpression"], job["properties.configuration.scheduleTriggerConfig.parallelism"]));
        Assert.Equal(["'gc'", "'--older-than'", "'7d'"], container.Args);
        var server = BicepContainer.Of(published.Only(App)).Last().Environment;
        foreach (var name in new[] { "MLFLOW_BACKEND_STORE_URI", "PGUSER", "MLFLOW_ARTIFACTS_DESTINATION", "AZURE_CLIENT_ID" })
        {
            Assert.Equal(server[name], container.Environment[name]);
        }

        Assert.DoesNotContain(container.Environment.Keys, name => name.StartsWith("MLFLOW_TRACKING", StringComparison.Ordinal));
        // The same Dockerfile, context and arguments: the same image.
        Assert.Equal(published.Manifest["mlflow"]!["build"]!.ToJsonString(), published.Manifest["mlflow-gc"]!["build"]!.ToJsonString());
    }
}

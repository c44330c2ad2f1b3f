using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class ServerTests
{
    private const string App = "Microsoft.App/containerApps";
    private const string Ingress = "properties.configuration.ingress";

    [BicepFact]
    public async Task Ingress_takes_https_alone_and_one_revision_is_active()
    {
        var app = (await Deployment.GetAsync()).Only(App);

        Assert.Equal(("true", "false", "5000"), (app[$"{Ingress}.external"], app[$"{Ingress}.allowInsecure"], app[$"{Ingress}.targetPort"]));
        Assert.Equal("Single", app["properties.configuration.activeRevisionsMode"]);
        Assert.Empty(app.List($"{Ingress}.ipSecurityRestrictions"));
        Assert.Empty(app.List($"{Ingress}.customDomains"));
    }

    [BicepFact]
    public async Task Database_is_migrated_before_the_server_starts()
    {
        var containers = (await Deployment.GetAsync()).Only(App).Containers.ToList();

        Assert.Equal(["mlflow-migrate", "mlflow"], containers.Select(container => container.Name));
        Assert.Single(containers.Select(container => (string?)container.Content["image"]).Distinct());
        Assert.Equal(["migrate"], containers[0].Args);
        Assert.Empty(containers[1].Args);
        Assert.Equal(
            [
                "AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS", "MLFLOW_APP_NAME", "MLFLOW_AUTH_DATABASE_URI", "MLFLOW_BACKEND_STORE_URI",
                "MLFLOW_BACKUP_DESTINATION", "PGUSER",
            ],
            containers[0].Environment.Keys.Order(StringComparer.Ordinal));
        Assert.All(containers[0].Environment, variable => Assert.Equal(containers[1].Environment[variable.Key], variable.Value));
    }

    [BicepFact]
    public async Task Probes_cover_startup_liveness_and_readiness()
    {
        var server = (await Deployment.GetAsync()).Only(App).Containers.Last();
        var probes = server.Content["probes"]!.AsArray().Select(probe => probe!.AsObject()).ToList();

        Assert.Equal(
            [("Startup", 5000, "/health"), ("Liveness", 5000, "/health"), ("Readiness", 5001, "/ready")],
            probes.Select(probe => ((string)probe["type"]!, (int)probe["httpGet"]!["port"]!, (string)probe["httpGet"]!["path"]!)));
        // Container Apps refuses more failures than ten, and what readiness asks is no part of the ingress.
        Assert.All(probes, probe => Assert.InRange((int)probe["failureThreshold"]!, 3, 10));
        Assert.Equal("5001", server.Environment["MLFLOW_READINESS_PORT"].Value);
    }

    [BicepTheory]
    [InlineData("Jobs=false", "1", "2Gi", "false")]
    [InlineData("Jobs=true", "2", "4Gi", "true")]
    public async Task Jobs_raise_the_size(string setting, string cores, string memory, string jobs)
    {
        var server = (await Deployment.GetAsync(setting)).Only(App).Containers.Last();

        Assert.Equal((cores, memory), (server.Content["resources"]!["cpu"]!.ToString(), (string?)server.Content["resources"]!["memory"]));
        Assert.Equal(jobs, server.Environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"].Value);
    }

    [BicepFact]
    public async Task Own_names_are_allowed_as_host_and_as_origin_and_no_others()
    {
        var deployment = await Deployment.GetAsync();
        var environment = deployment.Only(App).Containers.Last().Environment;

        Assert.Equal($"[format('mlflow,mlflow:*,{{0}},{{1}}:*', {Host(deployment)}, {Host(deployment)})]", environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Value);
        Assert.Equal($"[format('https://{{0}}', {Host(deployment)})]", environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].Value);
        Assert.DoesNotContain("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", environment.Keys);
    }

    [BicepFact]
    public async Task Custom_domain_is_served_and_allowed()
    {
        var deployment = await Deployment.GetAsync("CustomDomain=ml.example.com");
        var app = deployment.Only(App);
        var environment = app.Containers.Last().Environment;

        Assert.Equal(
            $"[format('mlflow,mlflow:*,{{0}},{{1}}:*,ml.example.com,ml.example.com:*', {Host(deployment)}, {Host(deployment)})]",
            environment["MLFLOW_SERVER_ALLOWED_HOSTS"].Value);
        Assert.Equal($"[format('https://{{0}},https://ml.example.com', {Host(deployment)})]", environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].Value);

        // One deployment: Azure issues the certificate once the app has the domain, and binds it then.
        Assert.Equal(("ml.example.com", "Auto"), (app[$"{Ingress}.customDomains[0].name"], app[$"{Ingress}.customDomains[0].bindingType"]));
        var certificate = deployment.Only("Microsoft.App/managedEnvironments/managedCertificates");
        Assert.Equal(("ml.example.com", "CNAME"), (certificate["properties.subjectName"], certificate["properties.domainControlValidation"]));
        var order = await deployment.OrderAsync();
        Assert.True(order.IsAfter(
            order.Steps.Single(step => step.Node.Type == certificate.Type), order.Steps.Single(step => step.Node is { Type: App, IsExisting: false })));
    }

    [BicepFact]
    public async Task Own_certificate_comes_from_the_vault()
    {
        var deployment = await Deployment.GetAsync("CustomDomain=ml.example.com", "Certificate=vault", "AllowedAddresses=203.0.113.0/24");
        var certificate = deployment.Only("Microsoft.App/managedEnvironments/certificates");
        var identity = deployment.All("Microsoft.ManagedIdentity/userAssignedIdentities")
            .Single(identity => identity.Name.StartsWith("mlflow", StringComparison.Ordinal)).Id;

        Assert.Equal(identity, certificate["properties.certificateKeyVaultProperties.identity"]);
        Assert.StartsWith(
            $"[reference('{deployment.Only("Microsoft.KeyVault/vaults").Id}/secrets/mlflow-certificate', ",
            certificate["properties.certificateKeyVaultProperties.keyVaultUrl"],
            StringComparison.Ordinal);
        Assert.Equal("{}", deployment.Only("Microsoft.App/managedEnvironments")[$"identity.userAssignedIdentities.{identity}"]);
        Assert.Equal(
            ("SniEnabled", certificate.Id),
            (deployment.Only(App)[$"{Ingress}.customDomains[0].bindingType"], deployment.Only(App)[$"{Ingress}.customDomains[0].certificateId"]));
        Assert.Empty(deployment.All("Microsoft.App/managedEnvironments/managedCertificates"));
    }

    [BicepTheory]
    [InlineData("external", "true", "false", "https://mlflow.{0}")]
    [InlineData("internal", "true", "true", "https://mlflow.{0}")]
    [InlineData("environment", "false", "false", "https://mlflow.internal.{0}")]
    public async Task Ingress_is_of_the_internet_the_network_or_the_environment(string ingress, string external, string isInternal, string address)
    {
        var published = await PublishedApp.GetAsync($"Ingress={ingress}");
        var deployment = await published.DeployAsync();

        Assert.Equal(external, deployment.Only(App)[$"{Ingress}.external"]);
        Assert.Equal(isInternal, deployment.Only("Microsoft.App/managedEnvironments")["properties.vnetConfiguration.internal"]);
        Assert.Equal("{environment.outputs.MLFLOW_TRACKING_URI}", (string?)published.Manifest["tracking-uri"]!["connectionString"]);
        Assert.Contains(
            address,
            Outputs(await deployment.TemplateAsync(), "MLFLOW_TRACKING_URI").Select(value => value.Split('\'') is [_, var format, ..] ? format : value));
    }

    [BicepFact]
    public async Task Addresses_are_restricted_to_those_of_the_setting()
    {
        var app = (await Deployment.GetAsync("AllowedAddresses=203.0.113.0/24,198.51.100.7/32")).Only(App);

        Assert.Equal(
            [("203.0.113.0/24", "Allow"), ("198.51.100.7/32", "Allow")],
            app.List($"{Ingress}.ipSecurityRestrictions").Select(rule => ((string)rule["ipAddressRange"]!, (string)rule["action"]!)));
    }

    [BicepFact]
    public async Task One_replica_runs_and_more_do_not_run_periodic_jobs()
    {
        Assert.Equal(("1", "1"), Replicas((await Deployment.GetAsync()).Only(App)));

        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis");
        var (app, periodicApp) = (deployment.Only(App, "mlflow"), deployment.Only(App, "mlflow-periodic"));
        var (server, periodic) = (app.Containers.Last().Environment, periodicApp.Containers.Last().Environment);
        Assert.Equal(("3", "3"), Replicas(app));
        Assert.Equal(("1", "1"), Replicas(periodicApp));
        Assert.Null(periodicApp[$"{Ingress}.targetPort"]);
        Assert.Equal(("false", "true"), (server["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"].Value, periodic["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"].Value));
        Assert.Equal("mlflow-server-job-huey-redis-url", server["MLFLOW_SERVER_JOB_HUEY_REDIS_URL"].Secret);

        // All the same but for what makes it the one that runs periodic jobs: the secrets above all.
        Assert.Equal(server.Keys.Order(StringComparer.Ordinal), periodic.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("3", server["MLFLOW_SERVER_REPLICAS"].Value);
        Assert.Equal(["MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS"], server.Keys.Where(name => server[name] != periodic[name]));
    }

    [BicepFact]
    public async Task Garbage_collection_is_a_scheduled_job_on_the_stores_of_the_server()
    {
        var published = await PublishedApp.GetAsync("GarbageCollection:Schedule=30 1 * * 0", "GarbageCollection:OlderThan=7d");
        var deployment = await published.DeployAsync();
        var job = deployment.Only("Microsoft.App/jobs", "mlflow-gc");
        var container = Assert.Single(job.Containers);

        Assert.Equal("Schedule", job["properties.configuration.triggerType"]);
        Assert.Equal(
            ("30 1 * * 0", "1"),
            (job["properties.configuration.scheduleTriggerConfig.cronExpression"], job["properties.configuration.scheduleTriggerConfig.parallelism"]));
        Assert.Equal(["gc", "--older-than", "7d"], container.Args);
        var server = deployment.Only(App).Containers.Last().Environment;
        foreach (var name in new[] { "MLFLOW_BACKEND_STORE_URI", "PGUSER", "MLFLOW_ARTIFACTS_DESTINATION", "AZURE_CLIENT_ID" })
        {
            Assert.Equal(server[name], container.Environment[name]);
        }

        Assert.DoesNotContain(container.Environment.Keys, name => name.StartsWith("MLFLOW_TRACKING", StringComparison.Ordinal));
        // The same Dockerfile, context and arguments: the same image.
        Assert.Equal(published.Manifest["mlflow"]!["build"]!.ToJsonString(), published.Manifest["mlflow-gc"]!["build"]!.ToJsonString());
    }

    /// <summary>The name of the server, which only Azure knows.</summary>
    private static string Host(Deployment deployment)
    {
        var environment = deployment.Only("Microsoft.App/managedEnvironments");
        return $"format('mlflow.{{0}}', reference('{environment.Id}', '{environment["apiVersion"]}').defaultDomain)";
    }

    private static (string?, string?) Replicas(DeployedResource app) =>
        (app["properties.template.scale.minReplicas"], app["properties.template.scale.maxReplicas"]);

    /// <summary>What the compiled modules give as an output of a name.</summary>
    private static IEnumerable<string> Outputs(JsonNode? node, string name) => node switch
    {
        JsonObject item => item.SelectMany(property => property is { Key: "outputs", Value: JsonObject outputs } && outputs[name]?["value"] is JsonValue value
            ? [(string)value!]
            : Outputs(property.Value, name)),
        JsonArray list => list.SelectMany(inner => Outputs(inner, name)),
        _ => [],
    };
}

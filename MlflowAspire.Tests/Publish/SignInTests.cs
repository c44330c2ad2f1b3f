namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SignInTests
{
    private const string Tenant = "6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10";

    private static readonly string[] s_entra = ["SignIn=entra", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=the-client"];
    private static readonly string[] s_oidc = ["SignIn=oidc", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=the-client"];

    [Fact]
    public async Task Basic_authentication_keeps_its_password_in_the_key_vault_and_its_users_in_a_database()
    {
        var app = await PublishedApp.GetAsync("SignIn=basic");

        Assert.Contains(app.Resources, resource => resource.Type == "Microsoft.DBforPostgreSQL/flexibleServers/databases" && resource["name"] == "'mlflow_auth'");
        Assert.Contains(app.Resources, resource => resource.Type == "Microsoft.KeyVault/vaults/secrets" && resource["name"] == "'mlflow-admin-password-v1'");
        AssertSecretOf(app, "MLFLOW_AUTH_ADMIN_PASSWORD");
        // The init container makes the tables of both databases.
        Assert.Contains("mlflow_auth", Variable(Server(app), "properties.template.initContainers[0]", "MLFLOW_AUTH_DATABASE_URI")!.Value.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_built_in_authentication_lets_only_health_checks_through()
    {
        var app = await PublishedApp.GetAsync(s_entra);
        var auth = app.Only("Microsoft.App/containerApps/authConfigs");

        Assert.Equal("'current'", auth["name"]);
        Assert.Equal("true", auth["properties.platform.enabled"]);
        Assert.Equal("'RedirectToLoginPage'", auth["properties.globalValidation.unauthenticatedClientAction"]);
        Assert.Equal("'/health'", auth["properties.globalValidation.excludedPaths[0]"]);
        Assert.Null(auth["properties.globalValidation.excludedPaths[1]"]);
        Assert.Equal("'azureactivedirectory'", auth["properties.globalValidation.redirectToProvider"]);
        Assert.Equal("true", auth["properties.httpSettings.requireHttps"]);
        Assert.Equal("true", auth["properties.login.preserveUrlFragmentsForLogins"]);
    }

    [Fact]
    public async Task The_built_in_authentication_takes_tokens_of_the_tenant_for_the_app_registration_alone()
    {
        var app = await PublishedApp.GetAsync(s_entra);
        var auth = app.Only("Microsoft.App/containerApps/authConfigs");
        const string entra = "properties.identityProviders.azureActiveDirectory";

        Assert.Equal("true", auth[$"{entra}.enabled"]);
        Assert.Equal($"'${{az.environment().authentication.loginEndpoint}}{Tenant}/v2.0'", auth[$"{entra}.registration.openIdIssuer"]);
        Assert.Equal("'the-client'", auth[$"{entra}.registration.clientId"]);
        Assert.Equal(
            ["'the-client'", "'api://the-client'"],
            auth.Values.Where(entry => entry.Key.StartsWith($"{entra}.validation.", StringComparison.Ordinal)).Select(entry => entry.Value));
    }

    [Fact]
    public async Task The_client_secret_of_the_built_in_authentication_is_in_the_app_and_in_no_container()
    {
        var app = await PublishedApp.GetAsync([.. s_entra, "Jobs=true", "Replicas=2", "JobQueue=redis"]);
        const string secret = "'microsoft-provider-authentication-secret'";

        var auth = app.Only("Microsoft.App/containerApps/authConfigs");
        Assert.Equal(secret, auth["properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName"]);
        Assert.Single(Server(app).Values, entry => entry.Key.StartsWith("properties.configuration.secrets[", StringComparison.Ordinal) && entry.Value == secret);

        var containers = app.Resources.SelectMany(BicepContainer.Of).ToList();
        Assert.Equal(["mlflow", "mlflow-gc", "mlflow-periodic"], containers.Select(container => container.Resource["name"]!.Trim('\'')).Distinct().Order());
        Assert.All(containers, container => Assert.DoesNotContain("MICROSOFT_PROVIDER_AUTHENTICATION_SECRET", container.Environment.Keys));
        var others = containers.Select(container => container.Resource).Where(resource => resource["name"] != "'mlflow'");
        Assert.All(others, resource => Assert.DoesNotContain(resource.Values.Values, value => value.Contains("client_secret", StringComparison.Ordinal) || value == secret));
    }

    [Fact]
    public async Task Garbage_collection_is_the_same_with_any_sign_in()
    {
        var job = (await PublishedApp.GetAsync()).Only("Microsoft.App/jobs");
        foreach (var settings in new[] { ["SignIn=basic"], s_entra, s_oidc })
        {
            Assert.Equal(job.Values, (await PublishedApp.GetAsync(settings)).Only("Microsoft.App/jobs").Values);
        }
    }

    [Fact]
    public async Task Oidc_keeps_its_secrets_in_the_key_vault_and_has_a_fixed_address_to_return_to()
    {
        var app = await PublishedApp.GetAsync(s_oidc);

        AssertSecretOf(app, "OIDC_CLIENT_SECRET");
        AssertSecretOf(app, "SECRET_KEY");
        Assert.Matches(@"https://mlflow\.\$\{.+\}/callback'$", Variable(Server(app), "properties.template.containers[0]", "OIDC_REDIRECT_URI")!.Value.Value);
        Assert.Equal("'true'", Variable(Server(app), "properties.template.containers[0]", "SESSION_COOKIE_SECURE")!.Value.Value);
    }

    private static BicepResource Server(PublishedApp app) => Assert.Single(app.Resources, resource => resource.Type == "Microsoft.App/containerApps" && resource["name"] == "'mlflow'");

    /// <summary>The variable is a secret of the container app, and that one a reference to the key vault without a value.</summary>
    private static void AssertSecretOf(PublishedApp app, string variable)
    {
        var server = Server(app);
        var (path, secret) = Variable(server, "properties.template.containers[0]", variable)!.Value;
        Assert.EndsWith(".secretRef", path, StringComparison.Ordinal);

        var name = Assert.Single(server.Values, entry => entry.Value == secret && entry.Key.StartsWith("properties.configuration.secrets[", StringComparison.Ordinal)).Key;
        Assert.NotNull(server[name.Replace(".name", ".keyVaultUrl", StringComparison.Ordinal)]);
        Assert.Null(server[name.Replace(".name", ".value", StringComparison.Ordinal)]);
    }

    /// <summary>Where an environment variable of a container gets its value from, and that value.</summary>
    private static (string Path, string Value)? Variable(BicepResource resource, string container, string name)
    {
        var path = resource.Values.SingleOrDefault(entry => entry.Key.StartsWith($"{container}.env[", StringComparison.Ordinal) && entry.Value == $"'{name}'").Key;
        return path is null
            ? null
            : new[] { ".value", ".secretRef" }.Select(end => path.Replace(".name", end, StringComparison.Ordinal)).Where(resource.Values.ContainsKey).Select(key => (key, resource[key]!)).Single();
    }
}

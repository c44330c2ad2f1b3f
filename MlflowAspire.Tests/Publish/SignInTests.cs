namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SignInTests
{
    private const string Tenant = "6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10";

    private static readonly string[] s_entra = ["SignIn=entra", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=the-client"];
    private static readonly string[] s_oidc = ["SignIn=oidc", $"Oidc:TenantId={Tenant}", "Oidc:ClientId=the-client"];

    [BicepFact]
    public async Task Basic_authentication_keeps_its_password_in_the_key_vault_and_its_users_in_a_database()
    {
        var deployment = await Deployment.GetAsync("SignIn=basic");

        Assert.Contains(deployment.All("Microsoft.DBforPostgreSQL/flexibleServers/databases"), database => database.Name == "mlflow_auth");
        AssertSecretOf(deployment, "MLFLOW_AUTH_ADMIN_PASSWORD", "mlflow-admin-password-v1");
        // The init container makes the tables of both databases.
        Assert.Contains("/mlflow_auth?", Server(deployment).Containers.First().Environment["MLFLOW_AUTH_DATABASE_URI"].Value, StringComparison.Ordinal);
    }

    [BicepFact]
    public async Task The_built_in_authentication_lets_only_health_checks_through()
    {
        var auth = (await Deployment.GetAsync(s_entra)).Only("Microsoft.App/containerApps/authConfigs");

        Assert.Equal("current", auth.Name);
        Assert.Equal("true", auth["properties.platform.enabled"]);
        Assert.Equal("RedirectToLoginPage", auth["properties.globalValidation.unauthenticatedClientAction"]);
        Assert.Equal("/health", auth["properties.globalValidation.excludedPaths[0]"]);
        Assert.Null(auth["properties.globalValidation.excludedPaths[1]"]);
        Assert.Equal("azureactivedirectory", auth["properties.globalValidation.redirectToProvider"]);
        Assert.Equal("true", auth["properties.httpSettings.requireHttps"]);
        Assert.Equal("true", auth["properties.login.preserveUrlFragmentsForLogins"]);
    }

    [BicepFact]
    public async Task The_built_in_authentication_takes_tokens_of_the_tenant_for_the_app_registration_alone()
    {
        var auth = (await Deployment.GetAsync(s_entra)).Only("Microsoft.App/containerApps/authConfigs");
        const string entra = "properties.identityProviders.azureActiveDirectory";

        Assert.Equal("true", auth[$"{entra}.enabled"]);
        // The address of Entra is that of the cloud that is deployed to.
        Assert.Equal($"[format('{{0}}{Tenant}/v2.0', environment().authentication.loginEndpoint)]", auth[$"{entra}.registration.openIdIssuer"]);
        Assert.Equal("the-client", auth[$"{entra}.registration.clientId"]);
        Assert.Equal(
            ["the-client", "api://the-client"],
            auth.Values.Where(entry => entry.Key.StartsWith($"{entra}.validation.", StringComparison.Ordinal)).Select(entry => entry.Value));
    }

    [BicepFact]
    public async Task The_client_secret_of_the_built_in_authentication_is_in_the_app_and_in_no_container()
    {
        var deployment = await Deployment.GetAsync([.. s_entra, "Jobs=true", "Replicas=2", "JobQueue=redis"]);
        const string secret = "microsoft-provider-authentication-secret";

        var auth = deployment.Only("Microsoft.App/containerApps/authConfigs");
        Assert.Equal(secret, auth["properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName"]);
        Assert.Single(Server(deployment).List("properties.configuration.secrets"), reference => (string?)reference["name"] == secret);

        Assert.Equal(
            ["mlflow", "mlflow-backup", "mlflow-check", "mlflow-gc", "mlflow-periodic", "mlflow-restore"],
            deployment.Containers.Select(container => container.Resource.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(deployment.Containers, container => Assert.DoesNotContain("MICROSOFT_PROVIDER_AUTHENTICATION_SECRET", container.Environment.Keys));
        Assert.All(
            deployment.Containers.Select(container => container.Resource).Where(resource => resource.Name != "mlflow"),
            resource => Assert.DoesNotContain(resource.Values.Values, value => value.Contains("client-secret", StringComparison.Ordinal) || value == secret));
    }

    [BicepFact]
    public async Task Garbage_collection_is_the_same_with_any_sign_in()
    {
        var job = (await Deployment.GetAsync()).Only("Microsoft.App/jobs", "mlflow-gc");
        foreach (var settings in new[] { ["SignIn=basic"], s_entra, s_oidc })
        {
            Assert.Equal(job.Values, (await Deployment.GetAsync(settings)).Only("Microsoft.App/jobs", "mlflow-gc").Values);
        }
    }

    [BicepFact]
    public async Task Oidc_keeps_its_secrets_in_the_key_vault_and_has_a_fixed_address_to_return_to()
    {
        var deployment = await Deployment.GetAsync(s_oidc);

        AssertSecretOf(deployment, "OIDC_CLIENT_SECRET", "mlflow-client-secret");
        AssertSecretOf(deployment, "SECRET_KEY", "mlflow-session-key-v1");
        var environment = Server(deployment).Containers.Last().Environment;
        Assert.StartsWith("[format('{0}/callback', format('https://mlflow.{0}', reference(", environment["OIDC_REDIRECT_URI"].Value, StringComparison.Ordinal);
        Assert.Equal("true", environment["SESSION_COOKIE_SECURE"].Value);
    }

    private static DeployedResource Server(Deployment deployment) => deployment.Only("Microsoft.App/containerApps", "mlflow");

    /// <summary>The variable of the server is a secret of the app, and that one a reference to one of the key vault.</summary>
    private static void AssertSecretOf(Deployment deployment, string variable, string name)
    {
        var secret = Server(deployment).Containers.Last().Environment[variable].Secret;
        var reference = Assert.Single(Server(deployment).List("properties.configuration.secrets"), reference => (string?)reference["name"] == secret);
        Assert.Contains($"'{deployment.Only("Microsoft.KeyVault/vaults/secrets", name).Id}'", (string)reference["keyVaultUrl"]!, StringComparison.Ordinal);
    }
}

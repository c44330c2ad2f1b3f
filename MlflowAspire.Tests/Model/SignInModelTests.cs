using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class SignInModelTests
{
    [Fact]
    public async Task Basic_authentication_has_a_database_of_its_own_beside_the_backend_store()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().WithBasicAuth().Resource;

        foreach (IResource resource in new IResource[] { server, server.Migration })
        {
            var environment = await resource.EnvironmentAsync(model.Builder);
            Assert.Equal("basic-auth", environment["MLFLOW_APP_NAME"]);
            Assert.Equal("postgresql+psycopg2://postgres.dev.internal:5432/mlflow_auth", environment["MLFLOW_AUTH_DATABASE_URI"]);
        }

        Assert.Contains(server.Migration.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == "mlflow-auth-db");
    }

    [Fact]
    public async Task Basic_authentication_has_a_generated_password_and_safe_defaults()
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().WithBasicAuth().Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("admin", environment["MLFLOW_AUTH_ADMIN_USERNAME"]);
        Assert.Equal("READ", environment["MLFLOW_AUTH_DEFAULT_PERMISSION"]);
        Assert.Equal("60", environment["MLFLOW_AUTH_CACHE_TTL_SECONDS"]);
        var password = Assert.Single(model.Builder.Resources.OfType<ParameterResource>(), parameter => parameter.Name == "mlflow-admin-password");
        Assert.True(password.Secret);
        Assert.True(password.Default!.GetDefaultValue().Length >= 12);
    }

    [Fact]
    public async Task Basic_authentication_takes_an_administrator_a_permission_and_a_time()
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow()
            .WithBasicAuth(
                model.Builder.AddParameter("user", "root"),
                model.Builder.AddParameter("password", "p@ss%w0rd:1234", secret: true),
                MlflowPermissionLevel.None,
                TimeSpan.Zero)
            .Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("root", environment["MLFLOW_AUTH_ADMIN_USERNAME"]);
        Assert.Equal("p@ss%w0rd:1234", environment["MLFLOW_AUTH_ADMIN_PASSWORD"]);
        Assert.Equal("NO_PERMISSIONS", environment["MLFLOW_AUTH_DEFAULT_PERMISSION"]);
        Assert.Equal("0", environment["MLFLOW_AUTH_CACHE_TTL_SECONDS"]);
    }

    [Fact]
    public async Task Clients_sign_in_even_when_they_were_added_before()
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        var client = model.Builder.AddContainer("client", "python").WithReference(mlflow);
        mlflow.AddPythonClient("script", "client.py");
        mlflow.WithBasicAuth(adminPassword: model.Builder.AddParameter("password", "p@ss%w0rd:1234", secret: true));

        foreach (var resource in model.Builder.Resources.Where(resource => resource.Name is "client" or "script" or "mlflow-demo"))
        {
            var environment = await resource.EnvironmentAsync(model.Builder);
            Assert.Equal("admin", environment["MLFLOW_TRACKING_USERNAME"]);
            Assert.Equal("p@ss%w0rd:1234", environment["MLFLOW_TRACKING_PASSWORD"]);
        }
    }

    [Fact]
    public async Task Garbage_collection_needs_no_sign_in()
    {
        foreach (var model in new[] { TestModel.ToRun(), TestModel.ToPublish() })
        {
            var environment = await model.AddMlflow().WithBasicAuth().Resource.GarbageCollection.EnvironmentAsync(model.Builder);
            Assert.DoesNotContain(environment.Keys, name => name.StartsWith("MLFLOW_TRACKING", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task With_oidc_the_demo_reaches_the_database_of_users_where_it_gives_itself_a_token()
    {
        var model = TestModel.ToRun();
        var environment = await AddOidc(model).Resource.DemoData.EnvironmentAsync(model.Builder);

        Assert.Equal("oidc-auth", environment["MLFLOW_APP_NAME"]);
        Assert.Equal("postgresql+psycopg2://postgres.dev.internal:5432/mlflow_oidc", environment["OIDC_USERS_DB_URI"]);
        Assert.Contains("PGPASSWORD", environment.Keys);
        Assert.DoesNotContain("OIDC_CLIENT_SECRET", environment.Keys);
    }

    [Fact]
    public async Task In_azure_the_users_database_is_reached_as_the_backend_store_is()
    {
        var model = TestModel.ToPublish();
        var environment = await model.AddMlflow().WithBasicAuth().Resource.EnvironmentAsync(model.Builder);

        Assert.Equal(
            "postgresql+psycopg2://{postgres.outputs.hostName}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra",
            environment["MLFLOW_AUTH_DATABASE_URI"]);
    }

    [Fact]
    public async Task Oidc_settings_follow_from_the_address_of_the_configuration()
    {
        var model = TestModel.ToRun();
        var environment = await AddOidc(model).Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("oidc-auth", environment["MLFLOW_APP_NAME"]);
        Assert.Equal("https://login.example.com/realm/.well-known/openid-configuration", environment["OIDC_DISCOVERY_URL"]);
        Assert.Equal("https://login.example.com/realm", environment["OIDC_ISSUER"]);
        Assert.Equal("client", environment["OIDC_CLIENT_ID"]);
        Assert.Equal("client", environment["OIDC_AUDIENCE"]);
        Assert.Equal("s3cret%", environment["OIDC_CLIENT_SECRET"]);
        Assert.Equal("mlflow", environment["OIDC_GROUP_NAME"]);
        Assert.Equal("mlflow-admin", environment["OIDC_ADMIN_GROUP_NAME"]);
        Assert.Equal("READ", environment["DEFAULT_MLFLOW_PERMISSION"]);
        Assert.Equal("false", environment["OIDC_TRUST_BEARER_GROUP_CLAIMS"]);
        Assert.True(environment["SECRET_KEY"].Length >= 32);
        // The browser's address is not known before it comes.
        Assert.DoesNotContain("OIDC_REDIRECT_URI", environment.Keys);
        Assert.DoesNotContain("TRUSTED_PROXIES", environment.Keys);
    }

    [Fact]
    public async Task In_azure_users_are_sent_back_to_the_ingress_or_the_custom_domain()
    {
        var model = TestModel.ToPublish();
        var mlflow = AddOidc(model);
        var environment = await mlflow.Resource.EnvironmentAsync(model.Builder);
        Assert.Equal("{mlflow.bindings.http.url}/callback", environment["OIDC_REDIRECT_URI"]);
        Assert.Equal("true", environment["SESSION_COOKIE_SECURE"]);

        model = TestModel.ToPublish();
        mlflow = AddOidc(model).WithCustomDomain("mlflow.example.com");
        Assert.Equal("https://mlflow.example.com/callback", (await mlflow.Resource.EnvironmentAsync(model.Builder))["OIDC_REDIRECT_URI"]);
    }

    [Fact]
    public async Task Entra_is_the_tenants_issuer_and_its_roles_are_the_groups()
    {
        var model = TestModel.ToRun();
        var secret = ClientSecret(model.Builder);
        var environment = await model.AddMlflow().WithEntraOidc("the-tenant", "client", secret).Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("https://login.microsoftonline.com/the-tenant/v2.0", environment["OIDC_ISSUER"]);
        Assert.Equal("roles", environment["OIDC_GROUPS_ATTRIBUTE"]);
        Assert.Equal("preferred_username,oid", environment["OIDC_USERNAME_FIELD"]);
        Assert.Equal("true", environment["OIDC_TRUST_BEARER_GROUP_CLAIMS"]);
    }

    [Theory]
    [InlineData("login.example.com")]
    [InlineData("https://login.example.com")]
    [InlineData("ftp://login.example.com/.well-known/openid-configuration")]
    public void An_address_that_is_not_of_a_configuration_is_refused(string url)
    {
        var model = TestModel.ToRun();
        var secret = ClientSecret(model.Builder);
        Assert.Contains(
            "OIDC_DISCOVERY_URL",
            Assert.Throws<ArgumentException>(() => model.AddMlflow().WithOidcAuth(url, "client", secret)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_keys_of_a_provider_are_not_published_to_come_by_http()
    {
        const string url = "http://login.example.com/.well-known/openid-configuration";
        var model = TestModel.ToPublish();
        var secret = ClientSecret(model.Builder);
        var exception = Assert.Throws<ArgumentException>(() => model.AddMlflow().WithOidcAuth(url, "client", secret));
        Assert.Contains($"discoveryUrl (OIDC_DISCOVERY_URL) is '{url}'; accepted: an address by https", exception.Message, StringComparison.Ordinal);

        var local = TestModel.ToRun();
        secret = ClientSecret(local.Builder);
        local.AddMlflow().WithOidcAuth(url, "client", secret);
    }

    [Fact]
    public async Task The_issuer_can_be_another_than_the_address_says()
    {
        var model = TestModel.ToRun();
        var environment = await AddOidc(model, new() { Issuer = "https://login.example.com/realm/" }).Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("https://login.example.com/realm/", environment["OIDC_ISSUER"]);
        Assert.Equal("https://login.example.com/realm/.well-known/openid-configuration", environment["OIDC_DISCOVERY_URL"]);
    }

    [Fact]
    public void A_tenant_of_entra_is_the_only_issuer()
    {
        var model = TestModel.ToRun();
        var secret = ClientSecret(model.Builder);
        var exception = Assert.Throws<ArgumentException>(
            () => model.AddMlflow().WithEntraOidc("the-tenant", "client", secret, new() { Issuer = "https://login.example.com" }));
        Assert.Contains("'https://login.example.com' is an issuer (OIDC_ISSUER) beside a tenant", exception.Message, StringComparison.Ordinal);
    }

    public static TheoryData<OidcAuthOptions, string> WrongOptions => new()
    {
        {
            new() { UserGroups = ["research", "data, science"] },
            "'data, science' is not a group of users (OIDC_GROUP_NAME). Accepted are names without commas"
        },
        { new() { UserGroups = [""] }, "'' is not a group of users" },
        { new() { AdminGroups = [" root"] }, "' root' is not a group of administrators (OIDC_ADMIN_GROUP_NAME)" },
        { new() { UserGroups = [], AdminGroups = [] }, "nobody could sign in" },
        { new() { UserNameClaims = ["email,sub"] }, "'email,sub' is not a claim that names the user (OIDC_USERNAME_FIELD)" },
        { new() { UserNameClaims = [] }, "There is no claim that names the user (OIDC_USERNAME_FIELD)" },
        { new() { Audience = " " }, "Audience (OIDC_AUDIENCE) is ' '; accepted: a name" },
        { new() { Issuer = "login.example.com" }, "Issuer (OIDC_ISSUER) is 'login.example.com'; accepted: the issuer that" },
        { new() { AccessTokenDays = 366 }, "AccessTokenDays (MLFLOW_OIDC_ACCESS_TOKEN_DAYS) is '366'; accepted: a whole number from 0 to 365" },
        { new() { TrustedProxies = ["10.0.0.0/23", "proxy"] }, "'proxy' is not a range of trusted proxies (TRUSTED_PROXIES)" },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public void Options_that_are_wrong_are_refused(OidcAuthOptions options, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => AddOidc(TestModel.ToRun(), options)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Groups_of_users_or_of_administrators_can_be_none()
    {
        (OidcAuthOptions, string)[] without = [(new() { UserGroups = [] }, "OIDC_GROUP_NAME"), (new() { AdminGroups = [] }, "OIDC_ADMIN_GROUP_NAME")];
        foreach (var (options, variable) in without)
        {
            var model = TestModel.ToRun();
            Assert.Equal("", (await AddOidc(model, options).Resource.EnvironmentAsync(model.Builder))[variable]);
        }
    }

    [Fact]
    public void Secrets_must_be_secret()
    {
        var model = TestModel.ToRun();
        var client = model.Builder.AddParameter("client");
        var mlflow = model.AddMlflow();

        Assert.Contains(
            "'client' is not a secret", Assert.Throws<ArgumentException>(() => mlflow.WithBasicAuth(adminPassword: client)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'client' is not a secret",
            Assert.Throws<ArgumentException>(() => mlflow.WithEntraOidc("the-tenant", "client", client)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'client' is not a secret",
            Assert.Throws<ArgumentException>(() => mlflow.WithContainerAppsAuthentication("the-tenant", "client", client)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3601)]
    public void A_credential_cache_out_of_range_is_refused(int seconds) => Assert.Contains(
        "auth_cache_ttl_seconds",
        Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.ToRun().AddMlflow().WithBasicAuth(credentialCache: TimeSpan.FromSeconds(seconds))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_second_sign_in_is_refused()
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow().WithBasicAuth();

        Assert.Contains(
            "has basic authentication already", Assert.Throws<InvalidOperationException>(() => mlflow.WithBasicAuth()).Message, StringComparison.Ordinal);
    }

    private static IResourceBuilder<MlflowServerResource> AddOidc(TestModel model, OidcAuthOptions? options = null)
    {
        var secret = ClientSecret(model.Builder);
        return model.AddMlflow().WithOidcAuth("https://login.example.com/realm/.well-known/openid-configuration", "client", secret, options);
    }

    private static IResourceBuilder<ParameterResource> ClientSecret(IDistributedApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection([new("Parameters:mlflow-session-key", "session-key-value-0123456789abcdef")]);
        return builder.AddParameter("secret", "s3cret%", secret: true);
    }
}

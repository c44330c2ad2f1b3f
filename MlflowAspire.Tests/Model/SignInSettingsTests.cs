using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class SignInSettingsTests
{
    private const string Tenant = "6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10";
    private const string Discovery = "Oidc:DiscoveryUrl=https://x.example/.well-known/openid-configuration";

    private static readonly string[] s_secrets =
    [
        "postgres-password", "mlflow-client-secret", "mlflow-flask-secret-key", "mlflow-kek-passphrase", "mlflow-webhook-key", "mlflow-session-key",
        "mlflow-admin-password",
    ];

    [Theory]
    [InlineData("Mlflow:SignIn is 'ldap'; accepted: none or basic or oidc or entra", "SignIn=ldap")]
    [InlineData("Mlflow:DefaultPermission is 'all'; accepted: none or read or use or edit or manage", "SignIn=basic", "DefaultPermission=all")]
    [InlineData(
        "Mlflow:Oidc:ClientId is ''; accepted: the client id", "SignIn=oidc", "Oidc:DiscoveryUrl=https://login.example.com/.well-known/openid-configuration")]
    [InlineData(
        "Mlflow:Oidc:DiscoveryUrl is 'login'; accepted: the address of a provider's configuration",
        "SignIn=oidc", "Oidc:ClientId=x", "Oidc:DiscoveryUrl=login")]
    [InlineData("Mlflow:Oidc:DiscoveryUrl is ''; accepted: the address of a provider's configuration", "SignIn=oidc", "Oidc:ClientId=x")]
    [InlineData("Mlflow:Oidc:TenantId is 'contoso'; accepted: the id of a tenant", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=contoso")]
    [InlineData("Mlflow:Oidc:TenantId is ''; accepted: the id of a tenant", "SignIn=entra", "Oidc:ClientId=x")]
    [InlineData(
        "Mlflow:Oidc:DiscoveryUrl is 'https://x.example'; accepted: nothing",
        "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:DiscoveryUrl=https://x.example")]
    [InlineData(
        "Mlflow:Oidc:Issuer is 'https://x.example/'; accepted: nothing, as Mlflow:Oidc:TenantId names the provider",
        "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:Issuer=https://x.example/")]
    [InlineData(
        "Mlflow:Oidc:Issuer is 'https://x.example/'; accepted: nothing, as Mlflow:Oidc:TenantId names the provider",
        "SignIn=entra", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:Issuer=https://x.example/")]
    [InlineData("Mlflow:Oidc:Issuer is 'x.example'; accepted: the issuer", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:Issuer=x.example")]
    [InlineData("Mlflow:Oidc:Audience is ''; accepted: a name", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:Audience=")]
    [InlineData("Mlflow:Oidc:GroupsClaim is ''; accepted: a name", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:GroupsClaim=")]
    [InlineData("Mlflow:Oidc:UserGroups is ''; accepted: one name or more", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:UserGroups=")]
    [InlineData("Mlflow:Oidc:AdminGroups is ' ,'; accepted: one name or more", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:AdminGroups= ,")]
    [InlineData("Mlflow:Oidc:UserNameClaims is ','; accepted: one name or more", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:UserNameClaims=,")]
    [InlineData(
        "Mlflow:Oidc:AccessTokenDays is '366'; accepted: a whole number from 0 to 365",
        "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:AccessTokenDays=366")]
    public async Task Settings_that_do_not_fit_are_refused(string message, params string[] settings) =>
        Assert.Contains(message, await RefusalAsync(settings), StringComparison.Ordinal);

    public static TheoryData<string, string[]> SettingsWithoutEffect => new()
    {
        {
            "none",
            [
                "DefaultPermission=none", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, Discovery, "Oidc:Issuer=x", "Oidc:Audience=x",
                "Oidc:GroupsClaim=x", "Oidc:UserGroups=x", "Oidc:AdminGroups=x", "Oidc:UserNameClaims=x", "Oidc:AccessTokenDays=1",
            ]
        },
        {
            "basic",
            [
                "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, Discovery, "Oidc:Issuer=x", "Oidc:Audience=x", "Oidc:GroupsClaim=x", "Oidc:UserGroups=x",
                "Oidc:AdminGroups=x", "Oidc:UserNameClaims=x", "Oidc:AccessTokenDays=1",
            ]
        },
        {
            "entra",
            [
                "DefaultPermission=none", "Oidc:Audience=x", "Oidc:GroupsClaim=x", "Oidc:UserGroups=x", "Oidc:AdminGroups=x", "Oidc:UserNameClaims=x",
                "Oidc:AccessTokenDays=1",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(SettingsWithoutEffect))]
    public async Task Settings_that_would_have_no_effect_are_refused(string signIn, string[] settings)
    {
        string[] needed = signIn == "entra" ? ["Oidc:ClientId=x", "Oidc:TenantId=" + Tenant] : [];
        var lines = (await RefusalAsync([$"SignIn={signIn}", .. needed, .. settings])).Split(Environment.NewLine);

        Assert.Equal(settings.Length, lines.Length);
        foreach (var setting in settings.Select(setting => setting.Split('=', 2)))
        {
            Assert.Contains(
                lines,
                line => line.StartsWith($"Mlflow:{setting[0]} is '{setting[1]}'; accepted: nothing while Mlflow:SignIn is {signIn}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_sign_in_that_does_not_exist_is_the_only_mistake() =>
        Assert.Single((await RefusalAsync("SignIn=ldap", "Oidc:ClientId=x", "DefaultPermission=read")).Split(Environment.NewLine));

    [Theory]
    [InlineData("MLFLOW_AUTH_DEFAULT_PERMISSION", "EDIT", "SignIn=basic", "DefaultPermission=edit")]
    [InlineData("OIDC_ADMIN_GROUP_NAME", "root,wheel", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:AdminGroups=root, wheel")]
    [InlineData("OIDC_GROUPS_ATTRIBUTE", "teams", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:GroupsClaim=teams")]
    [InlineData("OIDC_ISSUER", "https://x.example/", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:Issuer=https://x.example/")]
    [InlineData("OIDC_ISSUER", "https://x.example", "SignIn=oidc", "Oidc:ClientId=x", Discovery)]
    [InlineData("OIDC_AUDIENCE", "https://mlflow.example", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:Audience=https://mlflow.example")]
    [InlineData("OIDC_USERNAME_FIELD", "sub,azp", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:UserNameClaims=sub, azp")]
    [InlineData("OIDC_USERNAME_FIELD", "email,preferred_username", "SignIn=oidc", "Oidc:ClientId=x", Discovery)]
    [InlineData("MLFLOW_OIDC_ACCESS_TOKEN_DAYS", "7", "SignIn=oidc", "Oidc:ClientId=x", Discovery, "Oidc:AccessTokenDays=7")]
    public async Task Settings_reach_the_server(string variable, string value, params string[] settings)
    {
        await using var builder = await AppHostBuilder.CreateAsync(
            [
                .. settings.Select(setting => $"--Mlflow:{setting}"),
                .. s_secrets.Select(secret => $"--Parameters:{secret}=a secret of these tests, long enough"),
            ]);
        // What has no value is generated, and kept in the user secrets of whoever runs the tests.
        Assert.All(builder.Resources.OfType<ParameterResource>(), parameter => Assert.NotNull(builder.Configuration[$"Parameters:{parameter.Name}"]));
        var server = builder.Resources.Single(resource => resource.Name == "mlflow");
        Assert.Equal(value, (await server.EnvironmentAsync(builder))[variable]);
    }

    private static async Task<string> RefusalAsync(params string[] settings)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => AppHostBuilder.CreateAsync([.. settings.Select(setting => $"--Mlflow:{setting}")]));
        return exception.GetBaseException().Message;
    }
}

using Aspire.Hosting.Testing;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class SignInSettingsTests
{
    private const string Tenant = "6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10";

    [Theory]
    [InlineData("Mlflow:SignIn is 'ldap'; accepted: none or basic or oidc or entra", "SignIn=ldap")]
    [InlineData("Mlflow:DefaultPermission is 'all'; accepted: none or read or use or edit or manage", "SignIn=basic", "DefaultPermission=all")]
    [InlineData("Mlflow:Oidc:ClientId is ''; accepted: the client id", "SignIn=oidc", "Oidc:DiscoveryUrl=https://login.example.com/.well-known/openid-configuration")]
    [InlineData("Mlflow:Oidc:DiscoveryUrl is 'login'; accepted: an address", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:DiscoveryUrl=login")]
    [InlineData("Mlflow:Oidc:DiscoveryUrl is ''; accepted: an address", "SignIn=oidc", "Oidc:ClientId=x")]
    [InlineData("Mlflow:Oidc:TenantId is 'contoso'; accepted: the id of a tenant", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=contoso")]
    [InlineData("Mlflow:Oidc:TenantId is ''; accepted: the id of a tenant", "SignIn=entra", "Oidc:ClientId=x")]
    [InlineData("Mlflow:Oidc:DiscoveryUrl is 'https://x.example'; accepted: nothing", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:DiscoveryUrl=https://x.example")]
    public async Task Settings_that_do_not_fit_are_refused(string message, params string[] settings)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => DistributedApplicationTestingBuilder
            .CreateAsync<Projects.MlflowAspire_AppHost>([.. settings.Select(setting => $"--Mlflow:{setting}")])
            .WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains(message, exception.GetBaseException().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MLFLOW_AUTH_DEFAULT_PERMISSION", "EDIT", "SignIn=basic", "DefaultPermission=edit")]
    [InlineData("OIDC_ADMIN_GROUP_NAME", "root,wheel", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:TenantId=" + Tenant, "Oidc:AdminGroups=root, wheel")]
    [InlineData("OIDC_GROUPS_ATTRIBUTE", "teams", "SignIn=oidc", "Oidc:ClientId=x", "Oidc:DiscoveryUrl=https://x.example/.well-known/openid-configuration", "Oidc:GroupsClaim=teams")]
    public async Task Settings_reach_the_server(string variable, string value, params string[] settings)
    {
        var builder = await DistributedApplicationTestingBuilder
            .CreateAsync<Projects.MlflowAspire_AppHost>([.. settings.Select(setting => $"--Mlflow:{setting}"), "--Parameters:mlflow-client-secret=secret", "--Parameters:postgres-password=password"])
            .WaitAsync(TimeSpan.FromSeconds(60));
        var server = builder.Resources.Single(resource => resource.Name == "mlflow");
        Assert.Equal(value, (await server.EnvironmentAsync(builder))[variable]);
    }
}

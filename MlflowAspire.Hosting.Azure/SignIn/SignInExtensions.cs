using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Sets the sign-in up that the settings choose.</summary>
internal static class SignInExtensions
{
    public static IResourceBuilder<MlflowServerResource> WithSignIn(
        this IResourceBuilder<MlflowServerResource> mlflow, SignInSettings settings) => settings.Mode switch
    {
        SignInMode.Basic => mlflow.WithBasicAuth(defaultPermission: settings.DefaultPermission),
        SignInMode.Oidc when settings.TenantId is { } tenantId => mlflow.WithEntraOidc(
            tenantId, settings.ClientId!, mlflow.ClientSecret(), settings.ToOptions()),
        SignInMode.Oidc => mlflow.WithOidcAuth(settings.DiscoveryUrl!, settings.ClientId!, mlflow.ClientSecret(), settings.ToOptions()),
        SignInMode.Entra => mlflow.WithContainerAppsAuthentication(settings.TenantId!, settings.ClientId!, mlflow.ClientSecret()),
        _ => mlflow,
    };

    private static OidcAuthOptions ToOptions(this SignInSettings settings)
    {
        var options = new OidcAuthOptions
        {
            Issuer = settings.Issuer,
            Audience = settings.Audience,
            GroupsClaim = settings.GroupsClaim,
            UserNameClaims = settings.UserNameClaims is { Count: > 0 } claims ? claims : null,
            DefaultPermission = settings.DefaultPermission,
            AccessTokenDays = settings.AccessTokenDays,
        };
        return options with
        {
            UserGroups = settings.UserGroups is { Count: > 0 } users ? users : options.UserGroups,
            AdminGroups = settings.AdminGroups is { Count: > 0 } admins ? admins : options.AdminGroups,
        };
    }

    private static IResourceBuilder<ParameterResource> ClientSecret(this IResourceBuilder<MlflowServerResource> mlflow) => mlflow.ApplicationBuilder
        .AddParameter($"{mlflow.Resource.Name}-client-secret", secret: true)
        .WithDescription("The secret that MLflow proves itself with to the provider of its sign-in.");
}

using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>What sign-in with OpenID Connect takes from a provider's tokens, and what users may do.</summary>
[AspireDto]
public sealed record OidcAuthOptions
{
    /// <summary>
    /// The issuer that tokens name (<c>OIDC_ISSUER</c>), compared to the letter; without it, what stands before <c>/.well-known/openid-configuration</c> in the
    /// address of the configuration. Providers whose issuer ends with a slash need it (Auth0, Authentik). With Microsoft Entra the tenant is the issuer.
    /// </summary>
    public string? Issuer { get; init; }

    /// <summary>The claim with the user's groups (<c>OIDC_GROUPS_ATTRIBUTE</c>): <c>groups</c> by default, <c>roles</c> for Microsoft Entra.</summary>
    public string? GroupsClaim { get; init; }

    /// <summary>
    /// Members of one of these groups may sign in (<c>OIDC_GROUP_NAME</c>), <c>mlflow</c> by default. A bearer token is asked for them on every request. With
    /// none, only administrators may.
    /// </summary>
    public IReadOnlyList<string> UserGroups { get; init; } = ["mlflow"];

    /// <summary>
    /// Members of one of these groups may sign in and are administrators (<c>OIDC_ADMIN_GROUP_NAME</c>), <c>mlflow-admin</c> by default. With none, nobody
    /// becomes an administrator.
    /// </summary>
    public IReadOnlyList<string> AdminGroups { get; init; } = ["mlflow-admin"];

    /// <summary>
    /// Whether a bearer token by itself makes an administrator of who is first seen with it, and one without the groups of administrators takes these rights
    /// away (<c>OIDC_TRUST_BEARER_GROUP_CLAIMS</c>): right where the provider and nobody else decides on groups. By default only for Microsoft Entra, whose
    /// roles its administrators assign.
    /// </summary>
    public bool? TrustBearerGroups { get; init; }

    /// <summary>
    /// The claims that name the user, the first one that is there (<c>OIDC_USERNAME_FIELD</c>): <c>email</c> and <c>preferred_username</c> by default; for
    /// Microsoft Entra <c>preferred_username</c> and, for machines, <c>oid</c>.
    /// </summary>
    public IReadOnlyList<string>? UserNameClaims { get; init; }

    /// <summary>What is asked of the provider at login (<c>OIDC_SCOPE</c>).</summary>
    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "email", "profile"];

    /// <summary>The audience that bearer tokens must have (<c>OIDC_AUDIENCE</c>); the client id when it is not given.</summary>
    public string? Audience { get; init; }

    /// <summary>What users may do with what nobody has granted them anything on (<c>DEFAULT_MLFLOW_PERMISSION</c>).</summary>
    public MlflowPermissionLevel DefaultPermission { get; init; } = MlflowPermissionLevel.Read;

    /// <summary>The text of the login button (<c>OIDC_PROVIDER_DISPLAY_NAME</c>).</summary>
    public string DisplayName { get; init; } = "Sign in";

    /// <summary>
    /// Ranges in CIDR notation of reverse proxies whose X-Forwarded headers count (<c>TRUSTED_PROXIES</c>); none by default. Azure needs none: the ingress
    /// leaves the Host header as it is, and all addresses that are made from it begin with https there, as that of <c>OIDC_REDIRECT_URI</c> does.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>
    /// The days, 0 to 365, that an access token lasts at most which a user issues (<c>MLFLOW_OIDC_ACCESS_TOKEN_DAYS</c>): it outlives the user's groups. With 0
    /// nobody issues any.
    /// </summary>
    public int AccessTokenDays { get; init; } = DefaultAccessTokenDays;

    /// <summary>What the image has without the setting.</summary>
    internal const int DefaultAccessTokenDays = 30;
}

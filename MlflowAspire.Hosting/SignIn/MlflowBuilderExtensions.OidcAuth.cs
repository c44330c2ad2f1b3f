using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Has users sign in with a provider of OpenID Connect, through the plugin mlflow-oidc-auth. People log in with the browser, machines send
    /// a bearer token of the provider. Users and permissions are kept in a database <c>{name of the server}_oidc</c> beside the backend store.
    /// </summary>
    /// <remarks>
    /// The provider sends users back to <c>/callback</c>: of the custom domain or of the ingress in Azure, and in a local run of the address that the browser
    /// uses. A bearer token must be signed by the provider, not have expired, and name issuer and audience.
    /// </remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="discoveryUrl">The address of the provider's configuration (<c>OIDC_DISCOVERY_URL</c>), by https when it is published; what stands before
    /// <c>/.well-known/openid-configuration</c> is the issuer, unless <see cref="OidcAuthOptions.Issuer"/> names another.</param>
    /// <param name="clientId">The client that this server is to the provider (<c>OIDC_CLIENT_ID</c>).</param>
    /// <param name="clientSecret">The secret of the client (<c>OIDC_CLIENT_SECRET</c>).</param>
    /// <param name="options">Claims, groups and permissions.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">
    /// The address is not the one of a configuration, or is published and not https; the client secret is not a secret; or an option is wrong.
    /// </exception>
    /// <exception cref="InvalidOperationException">The server has a sign-in already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithOidcAuth(
        this IResourceBuilder<MlflowServerResource> builder,
        string discoveryUrl,
        string clientId,
        IResourceBuilder<ParameterResource> clientSecret,
        OidcAuthOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(discoveryUrl);
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        ArgumentNullException.ThrowIfNull(clientSecret);
        Rules.DiscoveryUrl.Require(discoveryUrl, nameof(discoveryUrl));
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            Rules.PublishedDiscoveryUrl.Require(discoveryUrl, nameof(discoveryUrl));
        }

        var issuer = options?.Issuer ?? discoveryUrl[..^Rules.DiscoveryPath.Length];
        return builder.WithOidcAuth(discoveryUrl, issuer, clientId, clientSecret, options ?? new());
    }

    /// <summary>
    /// Has users sign in with Microsoft Entra through the plugin mlflow-oidc-auth, by the roles of an app registration: see <c>docs/sign-in.md</c> for
    /// its steps.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="tenantId">The id of the tenant, a GUID.</param>
    /// <param name="clientId">The application id of the app registration.</param>
    /// <param name="clientSecret">A client secret of the app registration.</param>
    /// <param name="options">Claims, groups and permissions.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The client secret is not a secret, or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has a sign-in already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithEntraOidc(
        this IResourceBuilder<MlflowServerResource> builder,
        string tenantId,
        string clientId,
        IResourceBuilder<ParameterResource> clientSecret,
        OidcAuthOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(tenantId);
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        ArgumentNullException.ThrowIfNull(clientSecret);
        options ??= new();
        if (options.Issuer is { } other)
        {
            throw new ArgumentException(
                $"'{other}' is an issuer (OIDC_ISSUER) beside a tenant of Microsoft Entra, which is the issuer itself. Accepted is none.", nameof(options));
        }

        var issuer = $"https://login.microsoftonline.com/{tenantId}/v2.0";
        return builder.WithOidcAuth(
            issuer + Rules.DiscoveryPath,
            issuer,
            clientId,
            clientSecret,
            options with
            {
                GroupsClaim = options.GroupsClaim ?? "roles",
                TrustBearerGroups = options.TrustBearerGroups ?? true,
                UserNameClaims = options.UserNameClaims ?? ["preferred_username", "oid"],
            });
    }

    private static IResourceBuilder<MlflowServerResource> WithOidcAuth(
        this IResourceBuilder<MlflowServerResource> builder,
        string discoveryUrl,
        string issuer,
        string clientId,
        IResourceBuilder<ParameterResource> clientSecret,
        OidcAuthOptions options)
    {
        const string name = "sign-in with OpenID Connect";
        clientSecret.RequireSecret("the secret of the OIDC client (OIDC_CLIENT_SECRET)", nameof(clientSecret));
        options.RequireValid(nameof(options));
        var server = builder.Resource;
        var permission = options.DefaultPermission.ToSetting(nameof(options));
        server.RequireNoSignIn(name);
        // Clients bring a token of the provider.
        server.SignIn = new(name);
        builder.WithSignInDatabase("oidc-auth", "OIDC_USERS_DB_URI", "oidc");
        // The demo gives itself a token, in the database of users, for as long as it runs.
        builder.ApplicationBuilder.CreateResourceBuilder(server.DemoData).WithEnvironmentOf(server.Migration);
        var sessionKey = builder.ApplicationBuilder.AddGeneratedSecret(
            $"{server.Name}-session-key", "Signs the sessions of users who are signed in to MLflow.");
        return builder
            .WithServerSecret("OIDC_CLIENT_SECRET", clientSecret)
            .WithServerSecret("SECRET_KEY", sessionKey, versions => versions.SessionKey)
            .WithEnvironment(context =>
            {
                var variables = context.EnvironmentVariables;
                variables["OIDC_DISCOVERY_URL"] = discoveryUrl;
                variables["OIDC_ISSUER"] = issuer;
                variables["OIDC_CLIENT_ID"] = clientId;
                variables["OIDC_AUDIENCE"] = options.Audience ?? clientId;
                variables["OIDC_SCOPE"] = string.Join(' ', options.Scopes);
                variables["OIDC_GROUPS_ATTRIBUTE"] = options.GroupsClaim ?? "groups";
                variables["OIDC_GROUP_NAME"] = string.Join(',', options.UserGroups);
                variables["OIDC_ADMIN_GROUP_NAME"] = string.Join(',', options.AdminGroups);
                variables["OIDC_USERNAME_FIELD"] = string.Join(',', options.UserNameClaims ?? ["email", "preferred_username"]);
                variables["OIDC_PROVIDER_DISPLAY_NAME"] = options.DisplayName;
                // Machines never log in with a browser: their first token makes them users, when it is in one of the groups.
                variables["OIDC_PROVISION_ON_BEARER_AUTH"] = "true";
                variables["OIDC_TRUST_BEARER_GROUP_CLAIMS"] = options.TrustBearerGroups is true ? "true" : "false";
                variables["DEFAULT_MLFLOW_PERMISSION"] = permission;
                variables["DEFAULT_LANDING_PAGE_IS_PERMISSIONS"] = "false";
                variables["AUTOMATIC_LOGIN_REDIRECT"] = "true";
                if (options.AccessTokenDays != OidcAuthOptions.DefaultAccessTokenDays)
                {
                    variables["MLFLOW_OIDC_ACCESS_TOKEN_DAYS"] = options.AccessTokenDays.ToString(CultureInfo.InvariantCulture);
                }
                if (options.TrustedProxies.Count > 0)
                {
                    variables["TRUSTED_PROXIES"] = string.Join(',', options.TrustedProxies);
                }

                if (context.ExecutionContext.IsPublishMode)
                {
                    // The server sees only the ingress, and would send users back to an address without TLS.
                    variables["OIDC_REDIRECT_URI"] = server.CustomDomain is { } domain
                        ? $"https://{domain}/callback"
                        : ReferenceExpression.Create($"{server.PrimaryEndpoint.Property(EndpointProperty.Url)}/callback");
                    variables["SESSION_COOKIE_SECURE"] = "true";
                }
            });
    }
}

using MlflowAspire.Hosting;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The settings <c>Mlflow:SignIn</c>, <c>Mlflow:DefaultPermission</c> and <c>Mlflow:Oidc:*</c>. The secret of the client is the parameter
/// <c>mlflow-client-secret</c>.
/// </summary>
public sealed record SignInSettings
{
    private const string ModeKey = "SignIn";
    private const string DefaultPermissionKey = "DefaultPermission";
    private const string DiscoveryUrlKey = "Oidc:DiscoveryUrl";
    private const string TenantIdKey = "Oidc:TenantId";
    private const string ClientIdKey = "Oidc:ClientId";
    private const string IssuerKey = "Oidc:Issuer";
    private const string AudienceKey = "Oidc:Audience";
    private const string GroupsClaimKey = "Oidc:GroupsClaim";
    private const string UserGroupsKey = "Oidc:UserGroups";
    private const string AdminGroupsKey = "Oidc:AdminGroups";
    private const string UserNameClaimsKey = "Oidc:UserNameClaims";
    private const string AccessTokenDaysKey = "Oidc:AccessTokenDays";

    private static readonly string[] s_providerKeys = [DiscoveryUrlKey, TenantIdKey, ClientIdKey, IssuerKey];
    private static readonly string[] s_userKeys = [AudienceKey, GroupsClaimKey, UserGroupsKey, AdminGroupsKey, UserNameClaimsKey, AccessTokenDaysKey];

    /// <summary>How users sign in.</summary>
    public SignInMode Mode { get; init; }

    /// <summary>What users may do with what nobody has granted them anything on.</summary>
    public MlflowPermissionLevel DefaultPermission { get; init; } = MlflowPermissionLevel.Read;

    /// <summary>The configuration of the provider, when it is not Microsoft Entra.</summary>
    public string? DiscoveryUrl { get; init; }

    /// <summary>The tenant of Microsoft Entra.</summary>
    public string? TenantId { get; init; }

    /// <summary>The client, or application, id that the server has there.</summary>
    public string? ClientId { get; init; }

    /// <summary>The issuer that tokens name, when it is not what the address of the configuration begins with.</summary>
    public string? Issuer { get; init; }

    /// <summary>The audience that bearer tokens must have; the client id when it is not given.</summary>
    public string? Audience { get; init; }

    /// <summary>The claim with the groups; the provider's usual one when it is not given.</summary>
    public string? GroupsClaim { get; init; }

    /// <summary>The groups of users.</summary>
    public IReadOnlyList<string> UserGroups { get; init; } = [];

    /// <summary>The groups of administrators.</summary>
    public IReadOnlyList<string> AdminGroups { get; init; } = [];

    /// <summary>The claims that name the user; the provider's usual ones when there are none.</summary>
    public IReadOnlyList<string> UserNameClaims { get; init; } = [];

    /// <summary>The days that an access token of a user lasts at most; with 0 there are none.</summary>
    public int AccessTokenDays { get; init; } = OidcAuthOptions.DefaultAccessTokenDays;

    /// <summary>Reads the settings; what is wrong is noted in the section.</summary>
    internal static SignInSettings Read(SettingsSection section, bool isPublishing)
    {
        var settings = new SignInSettings
        {
            Mode = section.Choice(ModeKey, SignInMode.None),
            DefaultPermission = section.Choice(DefaultPermissionKey, MlflowPermissionLevel.Read),
            DiscoveryUrl = section.Text(DiscoveryUrlKey),
            TenantId = section.Text(TenantIdKey),
            ClientId = section.Text(ClientIdKey),
            Issuer = section.Text(IssuerKey),
            Audience = section.Text(AudienceKey),
            GroupsClaim = section.Text(GroupsClaimKey),
            UserGroups = Names(section, UserGroupsKey),
            AdminGroups = Names(section, AdminGroupsKey),
            UserNameClaims = Names(section, UserNameClaimsKey),
            AccessTokenDays = section.Integer(AccessTokenDaysKey, OidcAuthOptions.DefaultAccessTokenDays, Rules.AccessTokenDays),
        };

        switch (settings.Mode)
        {
            // A sign-in that does not exist has been noted already.
            case SignInMode.None when section.Text(ModeKey) is null
                || string.Equals(section.Text(ModeKey), nameof(SignInMode.None), StringComparison.OrdinalIgnoreCase):
                Refuse(section, [DefaultPermissionKey, .. s_providerKeys, .. s_userKeys], "none: the server lets everyone do everything");
                break;
            case SignInMode.Basic:
                Refuse(section, [.. s_providerKeys, .. s_userKeys], "basic: MLflow itself knows the users");
                break;
            case SignInMode.Oidc:
                settings.RequireClient(section);
                settings.RequireProvider(section, isPublishing);
                break;
            case SignInMode.Entra:
                Refuse(section, [DefaultPermissionKey, .. s_userKeys], "entra: MLflow knows no users then, and everyone who is let in may do everything");
                settings.RequireClient(section);
                settings.RequireTenant(section);
                break;
        }

        return settings;
    }

    /// <summary>Settings without effect are refused, so that nobody relies on them.</summary>
    private static void Refuse(SettingsSection section, IEnumerable<string> keys, string reason)
    {
        foreach (var key in keys.Where(key => !string.IsNullOrEmpty(section.Text(key))))
        {
            section.Reject(key, section.Text(key), $"nothing while Mlflow:{ModeKey} is {reason}");
        }
    }

    private static string[] Names(SettingsSection section, string key)
    {
        var names = section.List(key);
        if (names is [] && section.Text(key) is { } value)
        {
            section.Reject(key, value, "one name or more, separated by commas");
        }

        return names;
    }

    private void RequireClient(SettingsSection section)
    {
        if (string.IsNullOrEmpty(ClientId))
        {
            section.Reject(ClientIdKey, ClientId, "the client id that the provider knows the server by, as the sign-in is oidc or entra");
        }
    }

    private void RequireTenant(SettingsSection section)
    {
        if (!Guid.TryParse(TenantId, out _))
        {
            section.Reject(TenantIdKey, TenantId, "the id of a tenant of Microsoft Entra, a GUID");
        }

        foreach (var key in new[] { DiscoveryUrlKey, IssuerKey }.Where(key => !string.IsNullOrEmpty(section.Text(key))))
        {
            section.Reject(key, section.Text(key), $"nothing, as Mlflow:{TenantIdKey} names the provider");
        }
    }

    private void RequireProvider(SettingsSection section, bool isPublishing)
    {
        foreach (var (key, value) in new[] { (AudienceKey, Audience), (GroupsClaimKey, GroupsClaim) }.Where(setting => setting.Item2 is not null))
        {
            section.Require(key, value, Rules.Audience);
        }

        if (TenantId is not null)
        {
            RequireTenant(section);
            return;
        }

        if (DiscoveryUrl is null || !Rules.DiscoveryUrl.Accepts(DiscoveryUrl))
        {
            section.Reject(DiscoveryUrlKey, DiscoveryUrl, $"{Rules.DiscoveryUrl.Accepted}, or a tenant id of Microsoft Entra in Mlflow:{TenantIdKey}");
        }
        else if (isPublishing)
        {
            section.Require(DiscoveryUrlKey, DiscoveryUrl, Rules.PublishedDiscoveryUrl);
        }

        if (Issuer is not null)
        {
            section.Require(IssuerKey, Issuer, Rules.Issuer);
        }
    }
}

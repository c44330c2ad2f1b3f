using MlflowAspire.Hosting;

namespace MlflowAspire.AppHost.SignIn;

/// <summary>The settings <c>Mlflow:SignIn</c>, <c>Mlflow:DefaultPermission</c> and <c>Mlflow:Oidc:*</c>. The secret of the client is the parameter <c>mlflow-client-secret</c>.</summary>
internal sealed record SignInSettings
{
    private const string DiscoveryUrlKey = "Oidc:DiscoveryUrl";
    private const string TenantIdKey = "Oidc:TenantId";
    private const string ClientIdKey = "Oidc:ClientId";

    /// <summary>How users sign in.</summary>
    public required SignInMode Mode { get; init; }

    /// <summary>What users may do with what nobody has granted them anything on.</summary>
    public required MlflowPermissionLevel DefaultPermission { get; init; }

    /// <summary>The configuration of the provider, when it is not Microsoft Entra.</summary>
    public required string? DiscoveryUrl { get; init; }

    /// <summary>The tenant of Microsoft Entra.</summary>
    public required string? TenantId { get; init; }

    /// <summary>The client, or application, id that the server has there.</summary>
    public required string? ClientId { get; init; }

    /// <summary>The claim with the groups; the provider's usual one when it is not given.</summary>
    public required string? GroupsClaim { get; init; }

    /// <summary>The groups of users.</summary>
    public required string[] UserGroups { get; init; }

    /// <summary>The groups of administrators.</summary>
    public required string[] AdminGroups { get; init; }

    /// <summary>Reads the settings; what is wrong is noted in the section.</summary>
    public static SignInSettings Read(SettingsSection section)
    {
        var settings = new SignInSettings
        {
            Mode = section.Choice("SignIn", SignInMode.None),
            DefaultPermission = section.Choice("DefaultPermission", MlflowPermissionLevel.Read),
            DiscoveryUrl = section.Text(DiscoveryUrlKey),
            TenantId = section.Text(TenantIdKey),
            ClientId = section.Text(ClientIdKey),
            GroupsClaim = section.Text("Oidc:GroupsClaim"),
            UserGroups = section.List("Oidc:UserGroups"),
            AdminGroups = section.List("Oidc:AdminGroups"),
        };

        if (settings.Mode is SignInMode.Oidc or SignInMode.Entra)
        {
            settings.RequireClient(section);
        }

        return settings;
    }

    private void RequireClient(SettingsSection section)
    {
        if (string.IsNullOrEmpty(ClientId))
        {
            section.Reject(ClientIdKey, ClientId, "the client id that the provider knows the server by, as the sign-in is oidc or entra");
        }

        if (Mode is SignInMode.Oidc && TenantId is null)
        {
            if (!Uri.TryCreate(DiscoveryUrl, UriKind.Absolute, out _))
            {
                section.Reject(DiscoveryUrlKey, DiscoveryUrl, "an address such as https://login.example.com/.well-known/openid-configuration, or a tenant id of Microsoft Entra in Mlflow:" + TenantIdKey);
            }
        }
        else if (!Guid.TryParse(TenantId, out _))
        {
            section.Reject(TenantIdKey, TenantId, "the id of a tenant of Microsoft Entra, a GUID");
        }
        else if (DiscoveryUrl is not null)
        {
            section.Reject(DiscoveryUrlKey, DiscoveryUrl, $"nothing, as Mlflow:{TenantIdKey} names the provider");
        }
    }
}

using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings <c>Mlflow:Database:*</c> that are not a matter of size.</summary>
public sealed partial record DatabaseSettings
{
    /// <summary>How the network reaches PostgreSQL (<c>Mlflow:Database:Access</c>, default <c>private-endpoint</c>).</summary>
    public DatabaseAccess Access { get; init; }

    /// <summary>How MLflow signs in (<c>Mlflow:Database:Authentication</c>, default <c>entra</c>).</summary>
    public DatabaseAuthentication Authentication { get; init; }

    /// <summary>Who MLflow signs in as with a password (<c>Mlflow:Database:Role</c>, default <c>administrator</c>), locally as well.</summary>
    public DatabaseRole Role { get; init; }

    /// <summary>When Azure may restart PostgreSQL to maintain it (<c>Mlflow:Database:MaintenanceWindow</c>, UTC, default <c>Sunday 02:00</c>).</summary>
    public MaintenanceWindow MaintenanceWindow { get; init; } = MaintenanceWindow.Default;

    /// <summary>
    /// The name of a restored server that takes the place of the deployment's own (<c>Mlflow:Database:Server</c>, default none). It is in the same resource
    /// group.
    /// </summary>
    public string? Server { get; init; }

    /// <summary>Reads the settings.</summary>
    internal static DatabaseSettings Read(SettingsSection section)
    {
        var settings = new DatabaseSettings
        {
            Access = section.Choice($"Database:{nameof(Access)}", DatabaseAccess.PrivateEndpoint),
            Authentication = section.Choice($"Database:{nameof(Authentication)}", DatabaseAuthentication.Entra),
            Role = section.Choice($"Database:{nameof(Role)}", DatabaseRole.Administrator),
            MaintenanceWindow = MaintenanceWindow.Read(section, $"Database:{nameof(MaintenanceWindow)}"),
            Server = section.NonEmptyText($"Database:{nameof(Server)}"),
        };
        if (settings.Server is not null && !ServerName().IsMatch(settings.Server))
        {
            section.Reject(
                $"Database:{nameof(Server)}", settings.Server, "the name of a restored flexible server: 3 to 63 lower case letters, digits and hyphens");
        }

        return settings;
    }

    /// <summary>A server in Azure that takes Microsoft Entra identities has no passwords.</summary>
    internal void CheckPublished(Mistakes mistakes)
    {
        if (this is { Role: not DatabaseRole.Administrator, Authentication: DatabaseAuthentication.Entra })
        {
            mistakes.Reject(
                $"Database:{nameof(Role)}", Role.ToString().ToLowerInvariant(),
                "administrator while Mlflow:Database:Authentication is entra, which has no passwords");
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
    private static partial Regex ServerName();
}

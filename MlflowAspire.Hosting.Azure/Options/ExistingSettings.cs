using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The settings <c>Mlflow:Existing:*</c>: resources of Azure that exist and are used as they are, in the same subscription. Each is a name, or a resource
/// group, a slash and a name.
/// </summary>
public sealed partial record ExistingSettings
{
    /// <summary>The key vault of the secrets (<c>Mlflow:Existing:KeyVault</c>), which takes roles. It cannot be changed later.</summary>
    public ExistingResource? KeyVault { get; init; }

    /// <summary>The container registry of the image (<c>Mlflow:Existing:ContainerRegistry</c>).</summary>
    public ExistingResource? ContainerRegistry { get; init; }

    /// <summary>The Log Analytics workspace of all logs (<c>Mlflow:Existing:LogAnalyticsWorkspace</c>).</summary>
    public ExistingResource? LogAnalyticsWorkspace { get; init; }

    /// <summary>The storage account, which gets a container for the artifacts (<c>Mlflow:Existing:StorageAccount</c>). It cannot be changed later.</summary>
    public ExistingResource? StorageAccount { get; init; }

    /// <summary>Reads the settings.</summary>
    internal static ExistingSettings Read(SettingsSection section) => new()
    {
        KeyVault = Read(section, nameof(KeyVault)),
        ContainerRegistry = Read(section, nameof(ContainerRegistry)),
        LogAnalyticsWorkspace = Read(section, nameof(LogAnalyticsWorkspace)),
        StorageAccount = Read(section, nameof(StorageAccount)),
    };

    private static ExistingResource? Read(SettingsSection section, string name)
    {
        if (section.NonEmptyText($"Existing:{name}") is not { } value)
        {
            return null;
        }

        if (Pattern().Match(value) is { Success: true } match)
        {
            return new(match.Groups["name"].Value, match.Groups["group"] is { Success: true, Value: var group } ? group : null);
        }

        section.Reject($"Existing:{name}", value, "the name of an existing resource, or its resource group and its name, such as 'rg-platform/shared'");
        return null;
    }

    [GeneratedRegex(@"^((?<group>[\w.()-]{1,90})/)?(?<name>[A-Za-z0-9][A-Za-z0-9-]{2,62})$")]
    private static partial Regex Pattern();
}

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings <c>Mlflow:Storage:*</c>.</summary>
public sealed record StorageSettings
{
    /// <summary>How MLflow signs in to the blob container (<c>Mlflow:Storage:Authentication</c>, default <c>identity</c>).</summary>
    public StorageAuthentication Authentication { get; init; }

    /// <summary>
    /// The access key that MLflow uses, when it uses one (<c>Mlflow:Storage:AccessKey</c>, default <c>key1</c>): the other one can be renewed.
    /// </summary>
    public StorageKey AccessKey { get; init; }

    /// <summary>
    /// A path below the blob container that the artifacts are kept in (<c>Mlflow:Storage:Path</c>), such as <c>teams/vision</c>; none by default. It cannot be
    /// changed later: artifacts stay where they are.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Reads the settings.</summary>
    internal static StorageSettings Read(SettingsSection section)
    {
        var path = section.NonEmptyText($"Storage:{nameof(Path)}");
        if (path is not null)
        {
            section.Require($"Storage:{nameof(Path)}", path, Rules.ArtifactPath);
        }

        return new()
        {
            Authentication = section.Choice($"Storage:{nameof(Authentication)}", StorageAuthentication.Identity),
            AccessKey = section.Choice($"Storage:{nameof(AccessKey)}", StorageKey.Key1),
            Path = path,
        };
    }
}

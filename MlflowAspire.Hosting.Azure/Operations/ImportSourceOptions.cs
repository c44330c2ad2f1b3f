using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>How the import job of a published server reads the other one, and what it does with it.</summary>
public sealed class ImportSourceOptions
{
    /// <summary>The administrator who signs in there (<c>MLFLOW_TRACKING_USERNAME</c>), together with <see cref="Password"/>.</summary>
    public string? UserName { get; init; }

    /// <summary>The administrator's password (<c>MLFLOW_TRACKING_PASSWORD</c>); a secret parameter.</summary>
    public IResourceBuilder<ParameterResource>? Password { get; init; }

    /// <summary>The token of somebody who may read everything (<c>MLFLOW_TRACKING_TOKEN</c>), in place of name and password; a secret parameter.</summary>
    public IResourceBuilder<ParameterResource>? Token { get; init; }

    /// <summary>Whether deleted experiments and runs come as well, as deleted (<c>MLFLOW_IMPORT_DELETED</c>, default false).</summary>
    public bool Deleted { get; init; }

    /// <summary>
    /// Whether the other server's data takes the place of everything that is there (<c>MLFLOW_IMPORT_REPLACE</c>, default false): else an import into a server
    /// that is not empty is refused.
    /// </summary>
    public bool Replace { get; init; }
}

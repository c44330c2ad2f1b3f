using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The server that the import job of a published server reads.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Options">Who signs in there, and what comes.</param>
internal sealed record ImportSourceAnnotation(Uri Address, ImportSourceOptions Options) : IResourceAnnotation
{
    /// <summary>The secrets that the job has and the server has not, by the variables that they are the values of.</summary>
    public IEnumerable<(string Variable, ParameterResource Secret)> Secrets
    {
        get
        {
            if (Options.Password is { } password)
            {
                yield return ("MLFLOW_TRACKING_PASSWORD", password.Resource);
            }

            if (Options.Token is { } token)
            {
                yield return ("MLFLOW_TRACKING_TOKEN", token.Resource);
            }
        }
    }

    /// <summary>The other variables of the job.</summary>
    public IEnumerable<(string Variable, string Value)> Settings
    {
        get
        {
            yield return ("MLFLOW_IMPORT_SOURCE", Address.OriginalString);
            if (Options.UserName is { } userName)
            {
                yield return ("MLFLOW_TRACKING_USERNAME", userName);
            }

            if (Options.Deleted)
            {
                yield return ("MLFLOW_IMPORT_DELETED", "true");
            }

            if (Options.Replace)
            {
                yield return ("MLFLOW_IMPORT_REPLACE", "true");
            }
        }
    }
}

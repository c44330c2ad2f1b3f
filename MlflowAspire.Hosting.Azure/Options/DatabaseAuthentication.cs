namespace MlflowAspire.Hosting.Azure;

/// <summary>How MLflow signs in to PostgreSQL.</summary>
public enum DatabaseAuthentication
{
    /// <summary>By its Microsoft Entra identity; the server takes no password.</summary>
    Entra,

    /// <summary>By a password that is kept in the key vault.</summary>
    Password,
}

namespace MlflowAspire.Hosting.Azure;

/// <summary>How MLflow signs in to the blob container.</summary>
public enum StorageAuthentication
{
    /// <summary>By its managed identity; the account takes no keys.</summary>
    Identity,

    /// <summary>By an access key of the account that is kept in the key vault.</summary>
    AccessKey,
}

namespace MlflowAspire.Hosting.Azure;

/// <summary>The two access keys of a storage account, in Azure's order.</summary>
public enum StorageKey
{
    /// <summary>The first one.</summary>
    Key1,

    /// <summary>The second one.</summary>
    Key2,
}

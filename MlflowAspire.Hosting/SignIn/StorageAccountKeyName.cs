namespace MlflowAspire.Hosting;

/// <summary>One of the two keys of a storage account. While one is in use, the other can be renewed (guide row G2).</summary>
public enum StorageAccountKeyName
{
    /// <summary><c>key1</c>.</summary>
    Key1,

    /// <summary><c>key2</c>.</summary>
    Key2,
}

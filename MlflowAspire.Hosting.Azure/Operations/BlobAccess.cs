namespace MlflowAspire.Hosting.Azure;

/// <summary>What an operator may do with blobs, from a machine that reaches them.</summary>
public enum BlobAccess
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>List and read them.</summary>
    Read,

    /// <summary>Read, write and delete them.</summary>
    Write,
}

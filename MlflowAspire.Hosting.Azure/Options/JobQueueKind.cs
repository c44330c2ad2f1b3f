namespace MlflowAspire.Hosting.Azure;

/// <summary>Where the queue of the server's jobs is.</summary>
public enum JobQueueKind
{
    /// <summary>A file of the replica.</summary>
    Local,

    /// <summary>A Redis that all replicas share; its URL is the secret parameter <c>job-queue-url</c>.</summary>
    Redis,
}

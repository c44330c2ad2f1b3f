namespace Aspire.Hosting.ApplicationModel;

/// <summary>The cores and the memory of an MLflow server.</summary>
/// <param name="Cores">Cores.</param>
/// <param name="MemoryGiB">Memory in GiB.</param>
internal readonly record struct MlflowServerSize(double Cores, double MemoryGiB)
{
    /// <summary>One worker; what it does not take is for requests and uploads.</summary>
    public static MlflowServerSize Default { get; } = new(1, 2);

    /// <summary>The job runner takes 1.3 GiB more when idle, before it has run any job.</summary>
    public static MlflowServerSize WithJobs { get; } = new(2, 4);

    /// <summary>Migration and garbage collection run for a short time, one thing after the other.</summary>
    public static MlflowServerSize Task { get; } = new(0.5, 1);
}

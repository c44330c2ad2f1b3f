namespace Aspire.Hosting.ApplicationModel;

/// <summary>The cores and the memory of an MLflow server.</summary>
/// <param name="Cores">Cores.</param>
/// <param name="MemoryGiB">Memory in GiB.</param>
internal readonly record struct MlflowServerSize(double Cores, double MemoryGiB)
{
    // The job runner takes 0.4 GiB when idle; the rest is for jobs, each of which is a process that imports all of MLflow.
    private const double WorkerGiB = 0.5;
    private const double JobsGiB = 1.5;

    /// <summary>One worker; what it does not take is for requests and uploads.</summary>
    public static MlflowServerSize Default { get; } = new(1, 2);

    /// <summary>The second core and the memory are for jobs that run beside requests.</summary>
    public static MlflowServerSize WithJobs { get; } = new(2, 4);

    /// <summary>Migration and garbage collection run for a short time, one thing after the other.</summary>
    public static MlflowServerSize Task { get; } = new(0.5, 1);

    /// <summary>An import keeps a copy of the other server's rows on its disk, of which Azure gives 8 GiB with more than one core.</summary>
    public static MlflowServerSize Import { get; } = new(2, 4);

    /// <summary>The size of a server that was given none.</summary>
    public static MlflowServerSize For(bool jobs) => jobs ? WithJobs : Default;

    /// <summary>How many workers the memory is enough for.</summary>
    public int WorkersThatFit(bool jobs) => Math.Max(0, (int)((MemoryGiB - (jobs ? JobsGiB : 0)) / WorkerGiB));

    /// <summary>The memory in GiB that is enough for a number of workers.</summary>
    public static double MemoryFor(int workers, bool jobs) => (workers * WorkerGiB) + (jobs ? JobsGiB : 0);
}

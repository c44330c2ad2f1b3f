using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The operations that are jobs of their own.</summary>
/// <param name="Jobs">Which ones; null for all that the server can have.</param>
/// <param name="BackupSchedule">When the backup runs by itself: a cron expression in UTC; null for never.</param>
internal sealed record OperationJobsAnnotation(IReadOnlyList<OperationJob>? Jobs, string? BackupSchedule) : IResourceAnnotation
{
    /// <summary>The jobs of a server.</summary>
    public IEnumerable<OperationJob> Of(MlflowServerResource server) =>
        Jobs?.Distinct() ?? Enum.GetValues<OperationJob>().Where(job => PublishedOperations.LackOf(job, server) is null);
}

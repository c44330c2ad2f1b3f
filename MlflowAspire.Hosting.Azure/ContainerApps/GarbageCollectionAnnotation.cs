using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>When garbage is collected, and what counts as garbage.</summary>
/// <param name="Schedule">A cron expression with five fields, in UTC.</param>
/// <param name="OlderThan">How long ago something was deleted before it is removed.</param>
internal sealed record GarbageCollectionAnnotation(string Schedule, string OlderThan) : IResourceAnnotation
{
    /// <summary>Every night what was deleted 30 days ago.</summary>
    public static GarbageCollectionAnnotation Default { get; } = new("0 3 * * *", "30d");
}

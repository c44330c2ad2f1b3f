namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings <c>Mlflow:Backups:*</c>, of the archives in Azure.</summary>
public sealed record BackupSettings
{
    private const string ScheduleKey = $"Backups:{nameof(Schedule)}";

    /// <summary>When a backup is made by itself, in UTC (<c>Mlflow:Backups:Schedule</c>, a cron expression, default never).</summary>
    public string? Schedule { get; init; }

    /// <summary>How many days an archive is kept (<c>Mlflow:Backups:RetentionDays</c>, 1 to 3650, default 90).</summary>
    public int RetentionDays { get; init; } = 90;

    /// <summary>Reads the settings.</summary>
    internal static BackupSettings Read(SettingsSection section) => new()
    {
        Schedule = section.NonEmptyText(ScheduleKey),
        RetentionDays = section.Integer($"Backups:{nameof(RetentionDays)}", 90, 1, 3650),
    };

    /// <summary>Checks the settings, and that they fit the jobs.</summary>
    internal void Check(Mistakes mistakes, IReadOnlyList<OperationJob>? jobs)
    {
        if (Schedule is null)
        {
            return;
        }

        if (!CronExpression.Rule.Accepts(Schedule))
        {
            mistakes.Reject(ScheduleKey, Schedule, CronExpression.Rule.Accepted);
        }
        else if (jobs is not null && !jobs.Contains(OperationJob.Backup))
        {
            mistakes.Reject(ScheduleKey, Schedule, $"nothing while Mlflow:{nameof(MlflowSettings.OperationJobs)} lacks backup");
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace MlflowAspire.AppHost.Azure;

/// <summary>The settings of the server as it is published.</summary>
internal sealed partial record PublishedServerSettings
{
    /// <summary>How many replicas run (<c>Mlflow:Replicas</c>, default 1; guide row G11).</summary>
    public required int Replicas { get; init; }

    /// <summary>Where the queue of jobs is (<c>Mlflow:JobQueue</c>, default <c>local</c>).</summary>
    public required JobQueue JobQueue { get; init; }

    /// <summary>Whether the server has a domain of its own: the parameters <c>custom-domain</c> and <c>certificate-name</c> (<c>Mlflow:CustomDomain</c>, default false).</summary>
    public required bool CustomDomain { get; init; }

    /// <summary>The addresses that may reach the server, all when there are none (<c>Mlflow:AllowedAddresses</c>; guide row G10).</summary>
    public required IPNetwork[] AllowedAddresses { get; init; }

    /// <summary>When deleted runs are removed for good, in UTC: the default of the parameter <c>gc-schedule</c> (<c>Mlflow:GarbageCollection:Schedule</c>, default 03:00 every day; guide row A8).</summary>
    public required string GarbageCollectionSchedule { get; init; }

    /// <summary>How long ago a run was deleted before it is removed: the default of the parameter <c>gc-older-than</c> (<c>Mlflow:GarbageCollection:OlderThan</c>, default 30 days).</summary>
    public required string GarbageCollectionOlderThan { get; init; }

    /// <summary>Reads the settings.</summary>
    public static PublishedServerSettings Read(SettingsSection section, bool jobs)
    {
        var replicas = section.Integer(nameof(Replicas), 1, 1, 30);
        var queue = section.Choice(nameof(JobQueue), JobQueue.Local);
        if (replicas > 1 && jobs && queue is JobQueue.Local)
        {
            section.Reject(nameof(Replicas), replicas, $"1 while Mlflow:Jobs is true and Mlflow:{nameof(JobQueue)} is local; more replicas with Mlflow:{nameof(JobQueue)}=redis or Mlflow:Jobs=false");
        }

        return new()
        {
            Replicas = replicas,
            JobQueue = queue,
            CustomDomain = section.Boolean(nameof(CustomDomain), false),
            AllowedAddresses = [.. section.List(nameof(AllowedAddresses)).Select(range => Range(section, range)).OfType<IPNetwork>()],
            GarbageCollectionSchedule = Text(section, "GarbageCollection:Schedule", "0 3 * * *", CronExpression.IsValid, "a cron expression of five fields (minute, hour, day, month, weekday) in numbers, such as '0 3 * * 0'"),
            GarbageCollectionOlderThan = Text(section, "GarbageCollection:OlderThan", "30d", AgePattern().IsMatch, "days, hours, minutes and seconds, such as '30d' or '1d12h'"),
        };
    }

    private static IPNetwork? Range(SettingsSection section, string value)
    {
        if (IPNetwork.TryParse(value, out var range) && range.BaseAddress.AddressFamily is AddressFamily.InterNetwork)
        {
            return range;
        }

        section.Reject(nameof(AllowedAddresses), value, "IPv4 ranges in CIDR notation, separated by commas, such as '203.0.113.0/24'");
        return null;
    }

    private static string Text(SettingsSection section, string key, string fallback, Predicate<string> isAccepted, string accepted)
    {
        var value = section.Text(key) ?? fallback;
        if (!isAccepted(value))
        {
            section.Reject(key, value, accepted);
        }

        return value;
    }

    [GeneratedRegex(@"^(?=\d)(\d{1,4}d)?(\d{1,4}h)?(\d{1,4}m)?(\d{1,4}s)?$")]
    private static partial Regex AgePattern();
}

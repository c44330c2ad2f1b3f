using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings of the server as it is published.</summary>
internal sealed partial record PublishedServerSettings
{
    /// <summary>How many replicas run (<c>Mlflow:Replicas</c>, default 1; guide row G11).</summary>
    public required int Replicas { get; init; }

    /// <summary>Where the queue of jobs is (<c>Mlflow:JobQueue</c>, default <c>local</c>).</summary>
    public required JobQueue JobQueue { get; init; }

    /// <summary>Who can reach the server (<c>Mlflow:Ingress</c>, default <c>external</c>).</summary>
    public required IngressMode Ingress { get; init; }

    /// <summary>The addresses that may reach the server, all when there are none (<c>Mlflow:AllowedAddresses</c>).</summary>
    public required IPNetwork[] AllowedAddresses { get; init; }

    /// <summary>A domain that the server is served under as well, such as <c>mlflow.example.com</c> (<c>Mlflow:CustomDomain</c>, default none).</summary>
    public required string? CustomDomain { get; init; }

    /// <summary>Where the certificate of the domain comes from (<c>Mlflow:Certificate</c>, default <c>managed</c>).</summary>
    public required CertificateSource Certificate { get; init; }

    /// <summary>When deleted runs are removed for good, in UTC (<c>Mlflow:GarbageCollection:Schedule</c>, default 03:00 every day; guide row A8).</summary>
    public required string GarbageCollectionSchedule { get; init; }

    /// <summary>How long ago a run was deleted before it is removed (<c>Mlflow:GarbageCollection:OlderThan</c>, default 30 days).</summary>
    public required string GarbageCollectionOlderThan { get; init; }

    /// <summary>Reads the settings.</summary>
    public static PublishedServerSettings Read(SettingsSection section, bool jobs)
    {
        var ingress = section.Choice(nameof(Ingress), IngressMode.External);
        IPNetwork[] addresses = [.. section.List(nameof(AllowedAddresses)).Select(range => Range(section, range)).OfType<IPNetwork>()];
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
            Ingress = ingress,
            AllowedAddresses = addresses,
            CustomDomain = Domain(section, ingress),
            Certificate = ReadCertificate(section, ingress, addresses),
            GarbageCollectionSchedule = Text(section, "GarbageCollection:Schedule", "0 3 * * *", CronExpression.IsValid, "a cron expression of five fields (minute, hour, day, month, weekday) in numbers, such as '0 3 * * 0'"),
            GarbageCollectionOlderThan = Text(section, "GarbageCollection:OlderThan", "30d", AgePattern().IsMatch, "days, hours, minutes and seconds, such as '30d' or '1d12h'"),
        };
    }

    private static string? Domain(SettingsSection section, IngressMode ingress)
    {
        if (section.Text(nameof(CustomDomain)) is not { Length: > 0 } value)
        {
            return null;
        }

        if (!DomainPattern().IsMatch(value))
        {
            section.Reject(nameof(CustomDomain), value, "the name of a domain in lower case, such as 'mlflow.example.com'");
        }
        else if (ingress is IngressMode.Environment)
        {
            section.Reject(nameof(CustomDomain), value, $"none while Mlflow:{nameof(Ingress)} is environment, which has names of its own alone");
        }

        return value;
    }

    /// <summary>Azure asks the server from the internet before it issues or renews a certificate.</summary>
    private static CertificateSource ReadCertificate(SettingsSection section, IngressMode ingress, IPNetwork[] addresses)
    {
        var certificate = section.Choice(nameof(Certificate), CertificateSource.Managed);
        if (section.Text(nameof(CustomDomain)) is not { Length: > 0 })
        {
            if (section.Text(nameof(Certificate)) is { } value)
            {
                section.Reject(nameof(Certificate), value, $"nothing without Mlflow:{nameof(CustomDomain)}");
            }
        }
        else if (certificate is CertificateSource.Managed && (ingress is IngressMode.Internal || addresses.Length > 0))
        {
            var reason = ingress is IngressMode.Internal ? $"Mlflow:{nameof(Ingress)} is internal" : $"Mlflow:{nameof(AllowedAddresses)} restricts addresses";
            section.Reject(nameof(Certificate), "managed", $"vault while {reason}, as Azure neither issues nor renews a certificate for a server that it cannot reach");
        }

        return certificate;
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

    [GeneratedRegex(@"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
    private static partial Regex DomainPattern();

    [GeneratedRegex(@"^(?=\d)(\d{1,4}d)?(\d{1,4}h)?(\d{1,4}m)?(\d{1,4}s)?$")]
    private static partial Regex AgePattern();
}

using System.Net;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings of the server as it is published.</summary>
public sealed record PublishedServerSettings
{
    /// <summary>How many replicas run (<c>Mlflow:Replicas</c>, default 1).</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Where the queue of jobs is (<c>Mlflow:JobQueue</c>, default <c>local</c>).</summary>
    public JobQueueKind JobQueue { get; init; }

    /// <summary>Who can reach the server (<c>Mlflow:Ingress</c>, default <c>external</c>).</summary>
    public IngressMode Ingress { get; init; }

    /// <summary>The addresses that may reach the server, all when there are none (<c>Mlflow:AllowedAddresses</c>).</summary>
    public IReadOnlyList<IPNetwork> AllowedAddresses { get; init; } = [];

    /// <summary>A domain that the server is served under as well, such as <c>mlflow.example.com</c> (<c>Mlflow:CustomDomain</c>, default none).</summary>
    public string? CustomDomain { get; init; }

    /// <summary>Where the certificate of the domain comes from (<c>Mlflow:Certificate</c>, default <c>managed</c>).</summary>
    public CertificateSource? Certificate { get; init; }

    /// <summary>When deleted runs are removed permanently, in UTC (<c>Mlflow:GarbageCollection:Schedule</c>, default 03:00 every day).</summary>
    public string GarbageCollectionSchedule { get; init; } = GarbageCollectionAnnotation.Default.Schedule;

    /// <summary>How long ago a run was deleted before it is removed (<c>Mlflow:GarbageCollection:OlderThan</c>, default 30 days).</summary>
    public string GarbageCollectionOlderThan { get; init; } = GarbageCollectionAnnotation.Default.OlderThan;

    /// <summary>Reads the settings.</summary>
    internal static PublishedServerSettings Read(SettingsSection section) => new()
    {
        Replicas = section.Integer(nameof(Replicas), 1, Rules.Replicas),
        JobQueue = section.Choice(nameof(JobQueue), JobQueueKind.Local),
        Ingress = section.Choice(nameof(Ingress), IngressMode.External),
        AllowedAddresses = [.. section.List(nameof(AllowedAddresses)).Select(range => Range(section, range)).OfType<IPNetwork>()],
        CustomDomain = section.NonEmptyText(nameof(CustomDomain)),
        Certificate = section.Text(nameof(Certificate)) is null ? null : section.Choice(nameof(Certificate), CertificateSource.Managed),
        GarbageCollectionSchedule = section.Text("GarbageCollection:Schedule") ?? GarbageCollectionAnnotation.Default.Schedule,
        GarbageCollectionOlderThan = section.Text("GarbageCollection:OlderThan") ?? GarbageCollectionAnnotation.Default.OlderThan,
    };

    /// <summary>Checks the settings, and that they fit each other.</summary>
    internal void Check(Mistakes mistakes, bool jobs)
    {
        if (Rules.LackQueue(Replicas, jobs, JobQueue is not JobQueueKind.Local))
        {
            mistakes.Reject(
                nameof(Replicas), Replicas, $"1 while Mlflow:Jobs is true and Mlflow:{nameof(JobQueue)} is local; "
                + $"more replicas with Mlflow:{nameof(JobQueue)}=redis or Mlflow:Jobs=false");
        }

        if (CustomDomain is not null && !IngressRules.CustomDomain.Accepts(CustomDomain))
        {
            mistakes.Reject(nameof(CustomDomain), CustomDomain, IngressRules.CustomDomain.Accepted);
        }
        else if (CustomDomain is not null && Ingress is IngressMode.Environment)
        {
            mistakes.Reject(nameof(CustomDomain), CustomDomain, $"none while Mlflow:{nameof(Ingress)} is environment, which has only names of its own");
        }

        if (CustomDomain is null && Certificate is not null)
        {
            mistakes.Reject(nameof(Certificate), Certificate.ToString()!.ToLowerInvariant(), $"nothing without Mlflow:{nameof(CustomDomain)}");
        }
        else if (CustomDomain is not null && Certificate is not CertificateSource.Vault
            && !IngressRules.CanHaveManagedCertificate(Ingress is IngressMode.Internal, AllowedAddresses.Count > 0))
        {
            var reason = Ingress is IngressMode.Internal ? $"Mlflow:{nameof(Ingress)} is internal" : $"Mlflow:{nameof(AllowedAddresses)} restricts addresses";
            mistakes.Reject(
                nameof(Certificate), "managed", $"vault while {reason}, as Azure neither issues nor renews a certificate for a server that it cannot reach");
        }

        if (!CronExpression.Rule.Accepts(GarbageCollectionSchedule))
        {
            mistakes.Reject("GarbageCollection:Schedule", GarbageCollectionSchedule, CronExpression.Rule.Accepted);
        }

        if (!Age.Rule.Accepts(GarbageCollectionOlderThan))
        {
            mistakes.Reject("GarbageCollection:OlderThan", GarbageCollectionOlderThan, Age.Rule.Accepted);
        }
    }

    private static IPNetwork? Range(SettingsSection section, string value)
    {
        if (IPNetwork.TryParse(value, out var range) && IngressRules.IPRestriction.Accepts(range))
        {
            return range;
        }

        section.Reject(nameof(AllowedAddresses), value, IngressRules.IPRestriction.Accepted);
        return null;
    }
}

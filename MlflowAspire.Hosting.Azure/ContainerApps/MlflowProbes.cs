using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The probes of a server. MLflow's own <c>/health</c> answers as long as the process does, which is right for startup and liveness: a restart does not bring a
/// database back. Readiness has an endpoint of the image's own, on a port that the ingress does not lead to: it asks server and database, and needs no sign-in.
/// </summary>
internal static class MlflowProbes
{
    /// <summary>The port of the readiness endpoint (<c>MLFLOW_READINESS_PORT</c>).</summary>
    public const int ReadinessPort = 5001;

    /// <summary>Adds the probes to the container.</summary>
    public static void AddTo(ContainerAppContainer container)
    {
        // A start takes 5 to 30 s, and the server gives up after 104 s without a database. Container Apps allows ten failures at most.
        container.Probes.Add(Probe(ContainerAppProbeType.Startup, MlflowServerResource.TargetPort, "/health", period: 12, failures: 10));
        container.Probes.Add(Probe(ContainerAppProbeType.Liveness, MlflowServerResource.TargetPort, "/health", period: 10, failures: 6));
        container.Probes.Add(Probe(ContainerAppProbeType.Readiness, ReadinessPort, "/ready", period: 10, failures: 3));
    }

    private static ContainerAppProbe Probe(ContainerAppProbeType type, int port, string path, int period, int failures) => new()
    {
        ProbeType = type,
        HttpGet = new() { Port = port, Path = path, Scheme = ContainerAppHttpScheme.Http },
        PeriodSeconds = period,
        TimeoutSeconds = 5,
        FailureThreshold = failures,
    };
}

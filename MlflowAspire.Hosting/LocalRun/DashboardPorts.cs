using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Hosting;

/// <summary>The ports that the launch profile gives the dashboard.</summary>
internal static class DashboardPorts
{
    // The dashboard's page, what it takes telemetry at, and what it reads resources from.
    private static readonly string[] s_settings =
        ["ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"];

    /// <summary>
    /// Takes free ports in place of those that another program listens at. Nobody has to remember them: the console shows the dashboard's address.
    /// </summary>
    public static void ReplaceTaken(IConfiguration configuration)
    {
        foreach (var setting in s_settings)
        {
            if (configuration[setting] is { Length: > 0 } urls)
            {
                configuration[setting] = string.Join(';', urls.Split(';').Select(Free));
            }
        }
    }

    private static string Free(string url) =>
        !Uri.TryCreate(url, UriKind.Absolute, out var address) || !address.IsLoopback || address.Port == 0 || LocalPort.IsFree(address.Port)
            ? url
            : $"{address.Scheme}://{address.Host}:{LocalPort.Free()}";
}

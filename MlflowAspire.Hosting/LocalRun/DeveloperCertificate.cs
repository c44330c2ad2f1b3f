using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Hosting;

/// <summary>The certificate that the launch profile <c>https</c> serves the dashboard with.</summary>
internal static class DeveloperCertificate
{
    /// <summary>What marks it: the extension that <c>dotnet dev-certs https</c> gives it.</summary>
    internal const string Extension = "1.3.6.1.4.1.311.84.1.1";

    /// <summary>What is said where there is none.</summary>
    public const string Advice = "The launch profile https needs the developer certificate of ASP.NET Core, and this machine has none. "
        + "Make one (dotnet dev-certs https --trust), or start with the profile http.";

    /// <summary>Whether the app host listens with HTTPS and there is no certificate, neither one of its own nor one of the developer.</summary>
    /// <param name="configuration">The configuration of the app host.</param>
    /// <param name="certificates">The certificates of the user.</param>
    public static bool IsMissing(IConfiguration configuration, IEnumerable<X509Certificate2> certificates) =>
        configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] is { } url && url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
        && configuration["Kestrel:Certificates:Default:Path"] is null
        && !certificates.Any(certificate => certificate.HasPrivateKey && certificate.NotAfter > DateTime.Now
            && certificate.Extensions.Any(extension => extension.Oid?.Value == Extension));

    /// <summary>Whether it is missing on this machine.</summary>
    /// <param name="configuration">The configuration of the app host.</param>
    public static bool IsMissing(IConfiguration configuration)
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser, OpenFlags.ReadOnly);
        return IsMissing(configuration, store.Certificates);
    }
}

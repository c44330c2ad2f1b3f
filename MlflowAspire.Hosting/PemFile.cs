using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MlflowAspire.Hosting;

/// <summary>Reads certificates from a file.</summary>
internal static class PemFile
{
    // Linux takes no variable of more than 128 KiB.
    private const int MaxLength = 100_000;

    /// <summary>The certificates of a file as PEM text, without anything else that is in it; null when it cannot be read or has none, or too many.</summary>
    public static string? CertificatesOf(string path)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }

        var text = string.Join('\n', certificates.Select(certificate => certificate.ExportCertificatePem()));
        return text.Length is > 0 and <= MaxLength ? text : null;
    }
}

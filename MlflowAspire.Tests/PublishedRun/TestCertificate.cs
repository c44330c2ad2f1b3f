using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>A certificate for some names, trusted by whom it is given to.</summary>
internal sealed class TestCertificate : IDisposable
{
    public TestCertificate(params string[] names)
    {
        using var key = RSA.Create(2048);
        var alternatives = new SubjectAlternativeNameBuilder();
        Array.ForEach(names, alternatives.AddDnsName);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(Directory, "certificate.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(Directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The folder with certificate.pem and key.pem, which the users of the containers can read as well.</summary>
    public string Directory { get; } = System.IO.Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"mlflow-tls-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}

namespace MlflowAspire.Tests;

/// <summary>A certificate as files, for containers: certificate.pem and key.pem.</summary>
internal sealed class CertificateFolder : IDisposable
{
    public CertificateFolder(params string[] names)
    {
        var certificate = new TestCertificate(names);
        File.WriteAllText(System.IO.Path.Combine(Path, "certificate.pem"), certificate.Pem);
        File.WriteAllText(System.IO.Path.Combine(Path, "key.pem"), certificate.KeyPem);
    }

    /// <summary>The folder, which the users of the containers can read as well; a temporary one of .NET is only for its owner.</summary>
    public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"mlflow-tls-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

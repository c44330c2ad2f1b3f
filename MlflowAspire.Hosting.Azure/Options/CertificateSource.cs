namespace MlflowAspire.Hosting.Azure;

/// <summary>Where the certificate of a domain of one's own comes from (<c>Mlflow:Certificate</c>).</summary>
public enum CertificateSource
{
    /// <summary>Azure issues and renews it.</summary>
    Managed,

    /// <summary>It is the certificate <c>mlflow-certificate</c> of the deployment's key vault.</summary>
    Vault,
}

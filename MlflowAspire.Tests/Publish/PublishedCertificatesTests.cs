namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class PublishedCertificatesTests
{
    private const string File = "MlflowAspire.Tests/company-ca.pem";

    [BicepFact]
    public async Task Authorities_of_ones_own_reach_every_container_that_calls_something()
    {
        var deployment = await Deployment.GetAsync($"CACertificates=../{File}", "Jobs=true", "Replicas=2", "JobQueue=redis");
        var certificate = System.IO.File.ReadAllText(Path.Combine(Repository.Root, File)).ReplaceLineEndings("\n").Trim();

        var containers = deployment.Containers.ToList();
        Assert.Contains(containers, container => container.Name == "mlflow-migrate");
        Assert.Contains(containers, container => container.Name == "mlflow-backup");
        Assert.All(containers, container => Assert.Equal(certificate, container.Environment["MLFLOW_CA_CERTIFICATES"].Value));
    }
}

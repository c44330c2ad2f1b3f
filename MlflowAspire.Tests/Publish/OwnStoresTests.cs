using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>Stores that are no resources of the app host, published into Container Apps.</summary>
[Trait("Category", "Publish")]
public sealed class OwnStoresTests
{
    [BicepFact]
    public async Task Credentials_are_secrets_of_the_vault_and_reach_all_containers_that_use_them()
    {
        var published = await PublishAsync(mlflow => mlflow.WithSize(2, 4));
        foreach (var (name, text) in published.Files)
        {
            Assert.False(text.Contains("PLAIN", StringComparison.Ordinal), $"{name} has the value of a parameter.");
        }

        var deployment = await published.DeployAsync();
        var containers = deployment.Containers.Where(container => container.Name != "mlflow-migrate").ToDictionary(container => container.Name);
        Assert.Equal(["mlflow", "mlflow-gc", "mlflow-periodic"], containers.Keys.Order());
        foreach (var container in containers.Values)
        {
            Assert.Equal("oss://bucket/models", container.Environment["MLFLOW_ARTIFACTS_DESTINATION"].Value);
            Assert.Equal("https://oss.example.com", container.Environment["OSS_ENDPOINT"].Value);
            Assert.NotNull(container.Environment["OSS_KEY"].Secret);
            Assert.NotNull(container.Environment["PGPASSWORD"].Secret);
        }

        Assert.All(deployment.Containers, container => Assert.NotNull(container.Environment["MLFLOW_CA_CERTIFICATES"].Secret));

        Assert.Equal(
            ["company-ca", "database-password", "mlflow-flask-secret-key-v1", "mlflow-kek-passphrase-v1", "mlflow-webhook-key-v1", "oss-key", "queue-url"],
            deployment.All("Microsoft.KeyVault/vaults/secrets").Select(secret => secret.Name.Split('/')[^1]).Order());
        Assert.Equal("2 4Gi", $"{containers["mlflow"].Content["resources"]!["cpu"]} {containers["mlflow"].Content["resources"]!["memory"]}");
    }

    [Fact]
    public async Task A_ready_image_is_that_of_all_containers()
    {
        const string image = "registry.example.com/ml/mlflow-aspire:3.17.2-7";
        var published = await PublishAsync(mlflow => mlflow.WithServerImage(image));

        var containers = (await published.DeployAsync()).Containers.ToList();
        Assert.Equal(5, containers.Count);
        Assert.All(containers, container => Assert.Equal(image, (string)container.Content["image"]!));
    }

    [Fact]
    public async Task A_size_that_container_apps_has_not_is_refused()
    {
        var thrown = await Assert.ThrowsAsync<DistributedApplicationException>(() => PublishAsync(mlflow => mlflow.WithSize(2, 5)));
        Assert.Contains(
            "'mlflow' has 2 cores and 5 GiB (WithSize); accepted by Container Apps: 0.25 to 4 cores in steps of 0.25, and twice as many GiB as cores.",
            thrown.Message, StringComparison.Ordinal);
    }

    private static Task<PublishedApp> PublishAsync(Action<IResourceBuilder<MlflowServerResource>> configure) => PublishedApp.PublishAsync(builder =>
    {
        builder.AddAzureContainerAppEnvironment("environment");
        var mlflow = builder.AddMlflow("mlflow")
            .WithBackendStore(
                ReferenceExpression.Create($"postgresql://db.example.com:5432/mlflow?sslmode=verify-full"),
                builder.AddParameter("database-user"),
                builder.AddParameter("database-password", "PLAIN-1", secret: true))
            .WithArtifactStore("oss://bucket/models")
            .WithStoreEnvironment(context => context.EnvironmentVariables["OSS_ENDPOINT"] = "https://oss.example.com")
            .WithSecret("OSS_KEY", builder.AddParameter("oss-key", "PLAIN-2", secret: true))
            .WithCACertificates(builder.AddParameter("company-ca", "PLAIN-3", secret: true))
            .WithJobs()
            .WithReplicas(2)
            .WithJobQueue(builder.AddParameter("queue-url", secret: true))
            .WithKeyVault(builder.AddAzureKeyVault("vault"))
            .WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity("identity"))
            .WithGarbageCollection("0 3 * * *", "30d");
        configure(mlflow);
    });
}

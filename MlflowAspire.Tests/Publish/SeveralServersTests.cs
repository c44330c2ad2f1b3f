using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>Two servers in one app host, on one PostgreSQL and one storage account.</summary>
[Trait("Category", "Publish")]
public sealed class SeveralServersTests
{
    private static readonly string[] s_names = ["speech", "vision"];

    [BicepFact]
    public async Task Each_has_databases_containers_jobs_and_secrets_of_its_own()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            foreach (var server in AddServers(builder))
            {
                var storage = builder.CreateResourceBuilder(builder.Resources.OfType<AzureStorageResource>().Single());
                server.WithOperationJobs().WithBackupContainer(storage.AddBlobContainer($"{server.Resource.Name}-backups"));
            }
        });

        var deployment = await published.DeployAsync();
        Assert.Equal(s_names, Names("Microsoft.App/containerApps"));
        Assert.Equal(
            s_names.SelectMany(name => new[] { "backup", "check", "gc", "reset-admin", "restore", "users" }.Select(job => $"{name}-{job}")),
            Names("Microsoft.App/jobs"));
        Assert.Equal(
            ["speech", "speech_auth", "vision", "vision_auth"], Names("Microsoft.DBforPostgreSQL/flexibleServers/databases"));
        foreach (var variable in new[] { "MLFLOW_BACKEND_STORE_URI", "MLFLOW_AUTH_DATABASE_URI", "MLFLOW_ARTIFACTS_DESTINATION", "MLFLOW_BACKUP_DESTINATION" })
        {
            var values = deployment.All("Microsoft.App/containerApps").Select(app => app.Containers.Last().Environment[variable].Value).ToList();
            Assert.True(values.Distinct().Count() == 2, $"{variable} of both servers: {string.Join(", ", values)}");
        }

        Assert.DoesNotContain(await deployment.DiagnosticsAsync(), diagnostic =>
            diagnostic.Level == "Error" || diagnostic.Code.StartsWith("BCP", StringComparison.Ordinal));

        IEnumerable<string> Names(string type) => deployment.All(type).Select(resource => resource.Name.Split('/')[^1]).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task One_of_them_is_published_to_a_private_network_and_once()
    {
        await AssertRefusedAsync(servers => servers);
        await AssertRefusedAsync(servers => [servers[0], servers[0]]);

        static async Task AssertRefusedAsync(Func<List<IResourceBuilder<MlflowServerResource>>, List<IResourceBuilder<MlflowServerResource>>> choose)
        {
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => PublishedApp.PublishAsync(builder =>
            {
                foreach (var server in choose(AddServers(builder)))
                {
                    server.PublishToPrivateNetwork();
                }
            }));

            Assert.Contains("'speech' is that one. Call AddAzureContainerAppEnvironment for several servers", failure.Message, StringComparison.Ordinal);
        }
    }

    private static List<IResourceBuilder<MlflowServerResource>> AddServers(IDistributedApplicationBuilder builder)
    {
        var postgres = builder.AddAzurePostgresFlexibleServer("postgres");
        var storage = builder.AddAzureStorage("storage");
        return [.. s_names.Select(name => builder.AddMlflow(name)
            .WithBackendStore(postgres.AddDatabase($"{name}-db", name))
            .WithArtifactStore(storage.AddBlobContainer($"{name}-artifacts", name))
            .WithBasicAuth())];
    }
}

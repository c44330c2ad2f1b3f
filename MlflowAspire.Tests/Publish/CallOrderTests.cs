using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>The same calls publish the same, in whatever order they are made.</summary>
[Trait("Category", "Publish")]
public sealed class CallOrderTests
{
    // Each takes the server and what is beside it in the model.
    private static readonly Action<IResourceBuilder<MlflowServerResource>, Surroundings>[] s_calls =
    [
        (mlflow, all) => mlflow.WithBackendStore(all.Database),
        (mlflow, all) => mlflow.WithArtifactStore(all.Artifacts),
        (mlflow, _) => mlflow.WithBasicAuth(),
        (mlflow, all) => mlflow.WithKeyVault(all.Vault),
        (mlflow, all) => mlflow.WithAzureUserAssignedIdentity(all.Identity),
        (mlflow, _) => mlflow.WithGarbageCollection("0 3 * * *", "30d"),
        (mlflow, _) => mlflow.WithReplicas(3),
        (mlflow, _) => mlflow.WithJobs(),
        (mlflow, all) => mlflow.WithJobQueue(all.QueueUrl),
        (mlflow, _) => mlflow.WithWorkers(2),
        (mlflow, _) => mlflow.WithAllowedHosts("proxy.example.com"),
        (mlflow, _) => mlflow.WithIPRestrictions(IPNetwork.Parse("203.0.113.0/24")),
        (mlflow, all) => mlflow.WithCustomDomain("mlflow.example.com", all.Vault.GetSecret("certificate")),
        (mlflow, _) => mlflow.WithExternalHttpEndpoints(),
        (mlflow, all) => mlflow.WithDatabaseRole(all.User, all.Password),
    ];

    [BicepFact]
    public async Task The_order_of_calls_changes_nothing()
    {
        var expected = await DeployAsync(s_calls);
        Assert.Contains(expected.All("Microsoft.App/containerApps"), app => app.Name == "mlflow-periodic");
        var orders = Enumerable.Range(1, s_calls.Length - 1).Select(first => s_calls[first..].Concat(s_calls[..first])).Append(s_calls.Reverse());

        foreach (var order in orders)
        {
            Assert.Equal("", ResourceDifference.Between(expected, await DeployAsync(order)));
        }
    }

    [BicepFact]
    public async Task What_is_taken_back_leaves_nothing_behind()
    {
        var expected = await DeployAsync(s_calls[..6]);

        Action<IResourceBuilder<MlflowServerResource>, Surroundings>[] undone =
            [(mlflow, _) => mlflow.WithReplicas(3).WithJobs(), .. s_calls[..6], (mlflow, _) => mlflow.WithReplicas(1).WithJobs(false)];
        Assert.Equal("", ResourceDifference.Between(expected, await DeployAsync(undone)));
    }

    [BicepTheory]
    [InlineData("basic", "basic")]
    [InlineData("oidc", "oidc")]
    [InlineData("entra", "basic")]
    [InlineData("oidc", "entra")]
    public async Task Two_servers_share_a_PostgreSQL_a_storage_account_and_a_vault(string first, string second)
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            builder.AddAzureContainerAppEnvironment("environment");
            var postgres = builder.AddAzurePostgresFlexibleServer("postgres");
            var storage = builder.AddAzureStorage("storage");
            var vault = builder.AddAzureKeyVault("vault");
            foreach (var (name, signIn) in new[] { ("mlflow", first), ("research-lab", second) })
            {
                var mlflow = builder.AddMlflow(name)
                    .WithBackendStore(postgres.AddDatabase($"{name}-db"))
                    .WithArtifactStore(storage.AddBlobContainer($"{name}-artifacts"))
                    .WithKeyVault(vault)
                    .WithAzureUserAssignedIdentity(builder.AddAzureUserAssignedIdentity($"{name}-identity"))
                    .WithGarbageCollection("0 3 * * *", "30d")
                    .WithExternalHttpEndpoints();
                var secret = () => builder.AddParameter($"{name}-client-secret", secret: true);
                _ = signIn switch
                {
                    "basic" => mlflow.WithBasicAuth(),
                    "oidc" => mlflow.WithOidcAuth("https://login.example.com/.well-known/openid-configuration", name, secret()),
                    _ => mlflow.WithContainerAppsAuthentication("6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10", name, secret()),
                };
            }
        });

        var deployment = await published.DeployAsync();
        Assert.Distinct(deployment.Resources.Select(resource => resource.Id));
        string[] expected = ["mlflow-db", "research-lab-db", .. DatabaseOf("mlflow", first), .. DatabaseOf("research_lab", second)];
        var databases = deployment.All("Microsoft.DBforPostgreSQL/flexibleServers/databases").Select(database => database.Name.Split('/')[^1]);
        Assert.Equal(expected.Order(), databases.Order());
        Assert.Equal(2, deployment.All("Microsoft.DBforPostgreSQL/flexibleServers/administrators").Count);
        Assert.Equal(2, deployment.All("Microsoft.App/containerApps").Count);

        static string[] DatabaseOf(string name, string signIn) => signIn switch { "basic" => [$"{name}_auth"], "oidc" => [$"{name}_oidc"], _ => [] };
    }

    private static async Task<Deployment> DeployAsync(
        IEnumerable<Action<IResourceBuilder<MlflowServerResource>, Surroundings>> calls) => await (await PublishedApp.PublishAsync(builder =>
    {
        var surroundings = new Surroundings(builder);
        var mlflow = builder.AddMlflow("mlflow");
        foreach (var call in calls)
        {
            call(mlflow, surroundings);
        }
    })).DeployAsync();

    /// <summary>What the calls of a server refer to.</summary>
    private sealed class Surroundings
    {
        public Surroundings(IDistributedApplicationBuilder builder)
        {
            Vault = builder.AddAzureKeyVault("vault");
            Identity = builder.AddAzureUserAssignedIdentity("identity");
            builder.AddAzureContainerAppEnvironment("environment");
            QueueUrl = builder.AddParameter("queue-url", secret: true);
            User = builder.AddParameter("database-user");
            Password = builder.AddParameter("database-password", secret: true);
            Database = builder.AddAzurePostgresFlexibleServer("postgres")
                .WithPasswordAuthentication(Vault, builder.AddParameter("postgres-username"), builder.AddParameter("postgres-password", secret: true))
                .AddDatabase("mlflow-db");
            Artifacts = builder.AddAzureStorage("storage").AddBlobContainer("artifacts");
        }

        public IResourceBuilder<AzureKeyVaultResource> Vault { get; }

        public IResourceBuilder<AzureUserAssignedIdentityResource> Identity { get; }

        public IResourceBuilder<ParameterResource> QueueUrl { get; }

        public IResourceBuilder<ParameterResource> User { get; }

        public IResourceBuilder<ParameterResource> Password { get; }

        public IResourceBuilder<AzurePostgresFlexibleServerDatabaseResource> Database { get; }

        public IResourceBuilder<AzureBlobStorageContainerResource> Artifacts { get; }
    }
}

using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed partial class IdentityTests
{
    private static readonly string[] ReplicasWithJobs = ["Jobs=true", "Replicas=3", "JobQueue=redis"];

    [Fact]
    public async Task Server_migration_and_jobs_share_one_identity()
    {
        var app = await PublishedApp.GetAsync(ReplicasWithJobs);
        var workloads = app.Resources.Where(resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs").ToList();

        Assert.Equal(3, workloads.Count);
        Assert.All(workloads, workload => Assert.Equal(
            ["${environment_outputs_azure_container_registry_managed_identity_id}", "${mlflow_identity_outputs_id}"],
            workload.Values.Keys.Where(key => key.StartsWith("identity.userAssignedIdentities.", StringComparison.Ordinal)).Select(key => key.Split('.', 3)[2]).Order(StringComparer.Ordinal)));
        Assert.All(workloads.SelectMany(BicepContainer.Of), container => Assert.Equal(
            ("mlflow_identity_outputs_clientid", "'ManagedIdentityCredential'", "mlflow_identity_outputs_principalname"),
            (container.Environment["AZURE_CLIENT_ID"].Value, container.Environment["AZURE_TOKEN_CREDENTIALS"].Value, container.Environment["PGUSER"].Value)));
        Assert.All(workloads, workload => Assert.Equal("environment_outputs_azure_container_registry_managed_identity_id", workload["properties.configuration.registries[0].identity"]));
        // What pulls the image is of no use to what runs in it.
        Assert.All(workloads, workload => Assert.Equal(
            ("environment_outputs_azure_container_registry_managed_identity_id", "'None'", null),
            (workload["properties.configuration.identitySettings[0].identity"], workload["properties.configuration.identitySettings[0].lifecycle"], workload["properties.configuration.identitySettings[1].identity"])));
    }

    [Theory]
    [InlineData("identity", "entra", "AcrPull on registry", "KeyVaultSecretsUser on vault", "StorageBlobDataContributor on artifacts", "administrator of postgres")]
    [InlineData("access-key", "entra", "AcrPull on registry", "KeyVaultSecretsUser on vault", "administrator of postgres")]
    [InlineData("identity", "password", "AcrPull on registry", "KeyVaultSecretsUser on vault", "StorageBlobDataContributor on artifacts")]
    public async Task Identities_have_these_roles_and_no_others(string storage, string database, params string[] roles)
    {
        var app = await PublishedApp.GetAsync([.. ReplicasWithJobs, $"Storage:Authentication={storage}", $"Database:Authentication={database}"]);

        var published = app.Resources.Select(resource => resource.Type switch
        {
            "Microsoft.Authorization/roleAssignments" => $"{RoleOf(resource)} on {resource["scope"]}",
            "Microsoft.DBforPostgreSQL/flexibleServers/administrators" => $"administrator of {resource["parent"]}",
            _ => null,
        });
        Assert.Equal(roles, published.OfType<string>().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Roles_go_to_the_identity_of_mlflow()
    {
        var manifest = (await PublishedApp.GetAsync()).Manifest;

        Assert.All(
            manifest.Where(resource => resource.Key.StartsWith("mlflow-roles-", StringComparison.Ordinal)),
            roles => Assert.Equal("{mlflow-identity.outputs.principalId}", (string?)roles.Value!["params"]!["principalId"]));
        Assert.Equal("{mlflow-identity.outputs.principalId}", (string?)manifest["storage"]!["params"]!["mlflow_identity_outputs_principalid"]);
    }

    /// <summary>The name of a role, by its id in Azure.</summary>
    private static string RoleOf(BicepResource assignment) => RoleId().Match(assignment["properties.roleDefinitionId"]!).Value switch
    {
        "7f951dda-4ed3-4680-a7ca-43fe172d538d" => "AcrPull",
        "4633458b-17de-408a-b874-0445c86b69e6" => "KeyVaultSecretsUser",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe" => "StorageBlobDataContributor",
        var other => other,
    };

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex RoleId();
}

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class IdentityTests
{
    private const string Identity = "Microsoft.ManagedIdentity/userAssignedIdentities";

    private static readonly string[] s_replicasWithJobs = ["Jobs=true", "Replicas=3", "JobQueue=redis"];

    [BicepFact]
    public async Task Server_migration_and_jobs_share_one_identity()
    {
        var deployment = await Deployment.GetAsync(s_replicasWithJobs);
        var workloads = deployment.Resources.Where(resource => resource.Type is "Microsoft.App/containerApps" or "Microsoft.App/jobs").ToList();
        var (pull, mlflow) = (IdentityOf(deployment, "environment_mi"), IdentityOf(deployment, "mlflow_identity"));

        Assert.Equal(8, workloads.Count);
        Assert.All(workloads, workload => Assert.Equal(
            [pull.Id, mlflow.Id], workload.Content["identity"]!["userAssignedIdentities"]!.AsObject().Select(identity => identity.Key)
                .Order(StringComparer.Ordinal)));
        Assert.All(workloads.SelectMany(workload => workload.Containers), container => Assert.Equal(
            ($"[{ReferenceTo(mlflow)}.clientId]", "ManagedIdentityCredential", mlflow.Name),
            (container.Environment["AZURE_CLIENT_ID"].Value, container.Environment["AZURE_TOKEN_CREDENTIALS"].Value, container.Environment["PGUSER"].Value)));
        Assert.All(workloads, workload => Assert.Equal(pull.Id, workload["properties.configuration.registries[0].identity"]));
        // What pulls the image is of no use to what runs in it.
        Assert.All(workloads, workload => Assert.Equal(
            (pull.Id, "None", null),
            (workload["properties.configuration.identitySettings[0].identity"], workload["properties.configuration.identitySettings[0].lifecycle"],
                workload["properties.configuration.identitySettings[1].identity"])));
    }

    [BicepTheory]
    [InlineData("identity", "entra", "AcrPull on registries", "Key Vault Secrets User on vaults", "Storage Blob Data Contributor on containers",
        "Storage Blob Data Contributor on containers", "administrator of the server")]
    [InlineData("access-key", "entra", "AcrPull on registries", "Key Vault Secrets User on vaults", "administrator of the server")]
    [InlineData("identity", "password", "AcrPull on registries", "Key Vault Secrets User on vaults", "Storage Blob Data Contributor on containers",
        "Storage Blob Data Contributor on containers")]
    public async Task Identities_have_these_roles_and_no_others(string storage, string database, params string[] roles)
    {
        var deployment = await Deployment.GetAsync([.. s_replicasWithJobs, $"Storage:Authentication={storage}", $"Database:Authentication={database}"]);

        var assigned = deployment.All("Microsoft.Authorization/roleAssignments").Select(role => $"{NameOf(role)} on {TypeOfTarget(role)}")
            .Concat(deployment.All("Microsoft.DBforPostgreSQL/flexibleServers/administrators").Select(_ => "administrator of the server"));
        Assert.Equal(roles, assigned.Order(StringComparer.Ordinal));
    }

    [BicepFact]
    public async Task Roles_go_to_the_identity_of_mlflow_and_the_right_to_pull_to_that_of_the_environment()
    {
        var deployment = await Deployment.GetAsync();
        var (pull, mlflow) = (IdentityOf(deployment, "environment_mi"), IdentityOf(deployment, "mlflow_identity"));

        Assert.All(deployment.All("Microsoft.Authorization/roleAssignments"), role => Assert.Equal(
            $"[{ReferenceTo(NameOf(role) == "AcrPull" ? pull : mlflow)}.principalId]", role["properties.principalId"]));
        Assert.Contains($"{ReferenceTo(mlflow)}.principalId", deployment.Only("Microsoft.DBforPostgreSQL/flexibleServers/administrators")["name"],
            StringComparison.Ordinal);
    }

    private static DeployedResource IdentityOf(Deployment deployment, string name) =>
        Assert.Single(deployment.All(Identity), identity => identity.Name.StartsWith($"{name}-", StringComparison.Ordinal));

    private static string ReferenceTo(DeployedResource identity) => $"reference('{identity.Id}', '{identity["apiVersion"]}')";

    /// <summary>The name of a role, by its id in Azure.</summary>
    internal static string NameOf(DeployedResource assignment) => assignment["properties.roleDefinitionId"]!.Split('/')[^1] switch
    {
        "7f951dda-4ed3-4680-a7ca-43fe172d538d" => "AcrPull",
        "4633458b-17de-408a-b874-0445c86b69e6" => "Key Vault Secrets User",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe" => "Storage Blob Data Contributor",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" => "Storage Blob Data Reader",
        "73c42c96-874c-492b-b04d-ab87d138a893" => "Log Analytics Reader",
        "f3bd1b5c-91fa-40e7-afe7-0c11d331232c" => "Container Apps Operator",
        "b9a307c4-5aa3-4b52-ba60-2b17c136cd7b" => "Container Apps Jobs Operator",
        var other => other,
    };

    /// <summary>The last part of the type of what a role is on; the id of an assignment is that of its target and more.</summary>
    internal static string TypeOfTarget(DeployedResource assignment)
    {
        var id = assignment.Id.TrimStart("[extensionResourceId('".ToCharArray());
        return id.Split(["/providers/Microsoft.Authorization/", "'"], StringSplitOptions.None)[0].Split('/')[^2];
    }
}

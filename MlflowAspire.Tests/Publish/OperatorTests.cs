using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>Who operates a deployment, and the roles that come of it.</summary>
[Trait("Category", "Publish")]
public sealed class OperatorTests
{
    private const string Team = "11111111-2222-3333-4444-555555555555";
    private const string Person = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    private const string Pipeline = "99999999-8888-7777-6666-555555555555";

    [BicepFact]
    public async Task Operators_have_these_roles_and_no_others()
    {
        var deployment = await Deployment.GetAsync($"Operators:team=group:{Team}");

        Assert.Equal(
            [
                "Container Apps Jobs Operator on mlflow-backup", "Container Apps Jobs Operator on mlflow-check", "Container Apps Jobs Operator on mlflow-gc",
                "Container Apps Jobs Operator on mlflow-reset-admin", "Container Apps Jobs Operator on mlflow-restore",
                "Container Apps Jobs Operator on mlflow-users", "Container Apps Operator on mlflow", "Key Vault Secrets User on vault-",
                "Log Analytics Reader on workspace-",
            ],
            RolesOf(deployment, Team));
        Assert.All(Of(deployment, Team), role => Assert.Equal("Group", role["properties.principalType"]));
    }

    [BicepFact]
    public async Task Each_kind_of_operator_is_named_as_such_and_blobs_are_by_choice()
    {
        var deployment = await Deployment.GetAsync(
            $"Operators:alice=user:{Person}, blobs:read", $"Operators:pipeline=service-principal:{Pipeline},blobs:write", "Jobs=true", "Replicas=2",
            "JobQueue=redis");

        Assert.All(Of(deployment, Person), role => Assert.Equal("User", role["properties.principalType"]));
        Assert.All(Of(deployment, Pipeline), role => Assert.Equal("ServicePrincipal", role["properties.principalType"]));
        Assert.Equal(
            ["Storage Blob Data Reader on mlflow", "Storage Blob Data Reader on mlflow-backups"],
            RolesOf(deployment, Person).Where(role => role.Contains("Blob")));
        Assert.Equal(
            ["Storage Blob Data Contributor on mlflow", "Storage Blob Data Contributor on mlflow-backups"],
            RolesOf(deployment, Pipeline).Where(role => role.Contains("Blob")));
        // Its jobs are the ones that nobody sees otherwise.
        Assert.Contains("Container Apps Operator on mlflow-periodic", RolesOf(deployment, Person));
    }

    [BicepFact]
    public async Task Roles_keep_their_names_and_nobody_operates_by_default()
    {
        var once = Of(await Deployment.GetAsync($"Operators:team=group:{Team}"), Team).Select(role => role.Name).Order(StringComparer.Ordinal);
        var renamed = Of(await Deployment.GetAsync($"Operators:others=group:{Team}"), Team).Select(role => role.Name).Order(StringComparer.Ordinal);

        Assert.Equal(once, renamed);
        Assert.Equal(once.Count(), once.Distinct().Count());
        Assert.All(
            (await Deployment.GetAsync()).All("Microsoft.Authorization/roleAssignments"),
            role => Assert.Equal("ServicePrincipal", role["properties.principalType"]));
    }

    [BicepFact]
    public async Task Owners_of_what_exists_give_roles_on_it_themselves()
    {
        var deployment = await Deployment.GetAsync(
            $"Operators:team=group:{Team}", "Existing:KeyVault=rg-platform/kv-platform", "Existing:LogAnalyticsWorkspace=rg-platform/log-platform");

        Assert.Equal(["Container Apps Jobs Operator", "Container Apps Operator"], RolesOf(deployment, Team).Select(role => role.Split(" on ")[0]).Distinct());
    }

    [Fact]
    public void Operators_of_an_app_host_are_checked()
    {
        var mlflow = DistributedApplication.CreateBuilder(["--operation", "publish"]).AddMlflow("mlflow");

        var spaced = Assert.Throws<ArgumentException>(() => mlflow.WithOperators(new MlflowOperator("a b", OperatorKind.User, Guid.Parse(Person))));
        Assert.Contains("'a b'", spaced.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => mlflow.WithOperators(new MlflowOperator("a", OperatorKind.User, Guid.Empty)));
        var twice = Assert.Throws<ArgumentException>(() => mlflow.WithOperators(
            new MlflowOperator("a", OperatorKind.User, Guid.Parse(Person)), new MlflowOperator("b", OperatorKind.Group, Guid.Parse(Person))));
        Assert.Contains("'a' and 'b'", twice.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<DeployedResource> Of(Deployment deployment, string objectId) =>
        deployment.All("Microsoft.Authorization/roleAssignments").Where(role => role["properties.principalId"] == objectId);

    private static IEnumerable<string> RolesOf(Deployment deployment, string objectId) => Of(deployment, objectId)
        .Select(role => $"{IdentityTests.NameOf(role)} on {TargetOf(role)}").Order(StringComparer.Ordinal);

    /// <summary>The name of what a role is on, without the part that Azure makes of the resource group.</summary>
    private static string TargetOf(DeployedResource role)
    {
        var parts = role.Id.Split(["/providers/Microsoft.Authorization/roleAssignments", "', 'Microsoft.Authorization"], StringSplitOptions.None)[0];
        var name = parts.Split('/')[^1];
        return name.Contains("mlflow", StringComparison.Ordinal) ? name : $"{name.Split('-')[0]}-";
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.Authorization;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Primitives;
using Azure.Provisioning.Storage;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The roles of operators, each on one resource, in the module of that resource.</summary>
internal static class OperatorRoles
{
    /// <summary>Reads logs and queries them.</summary>
    public static readonly AzureRole LogAnalyticsReader = new("LogAnalyticsReader", "73c42c96-874c-492b-b04d-ab87d138a893");

    /// <summary>Reads the values of secrets.</summary>
    public static readonly AzureRole KeyVaultSecretsUser = new("KeyVaultSecretsUser", "4633458b-17de-408a-b874-0445c86b69e6");

    /// <summary>Reads an app, follows its logs and opens a shell in it.</summary>
    public static readonly AzureRole AppsOperator = new("ContainerAppsOperator", "f3bd1b5c-91fa-40e7-afe7-0c11d331232c");

    /// <summary>Reads, starts and stops a job.</summary>
    public static readonly AzureRole JobsOperator = new("ContainerAppsJobsOperator", "b9a307c4-5aa3-4b52-ba60-2b17c136cd7b");

    private static readonly AzureRole s_blobReader = new("StorageBlobDataReader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1");
    private static readonly AzureRole s_blobContributor = new("StorageBlobDataContributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe");

    /// <summary>Gives all operators of a server a role on a resource.</summary>
    public static void Assign(
        AzureResourceInfrastructure infrastructure, MlflowServerResource server, NamedProvisionableConstruct target, BicepValue<ResourceIdentifier> id,
        AzureRole role)
    {
        foreach (var one in OperatorsOf(server))
        {
            Assign(infrastructure, one, target, id, role);
        }
    }

    /// <summary>Gives the operators of a server that are to have it their role on a container.</summary>
    public static void AssignBlobs(AzureResourceInfrastructure infrastructure, MlflowServerResource server, BlobContainer container)
    {
        foreach (var one in OperatorsOf(server).Where(one => one.Blobs is not BlobAccess.None))
        {
            Assign(infrastructure, one, container, container.Id, one.Blobs is BlobAccess.Read ? s_blobReader : s_blobContributor);
        }
    }

    private static IReadOnlyList<MlflowOperator> OperatorsOf(MlflowServerResource server) =>
        server.Annotations.OfType<OperatorsAnnotation>().LastOrDefault()?.Operators ?? [];

    private static void Assign(
        AzureResourceInfrastructure infrastructure, MlflowOperator one, NamedProvisionableConstruct target, BicepValue<ResourceIdentifier> id, AzureRole role)
    {
        var identifier = Infrastructure.NormalizeBicepIdentifier($"{target.BicepIdentifier}_{role.Name}_{one.Name}");
        if (infrastructure.GetProvisionableResources().OfType<RoleAssignment>().Any(other => other.BicepIdentifier == identifier))
        {
            // Servers that share a vault may share operators.
            return;
        }

        var definition = BicepFunction.GetSubscriptionResourceId("Microsoft.Authorization/roleDefinitions", role.Id);
        infrastructure.Add(new RoleAssignment(identifier)
        {
            Name = BicepFunction.CreateGuid(id, one.ObjectId.ToString(), definition),
            Scope = new IdentifierExpression(target.BicepIdentifier),
            // Said, so that Azure does not ask Microsoft Entra for somebody who was made a moment ago.
            PrincipalType = one.Kind switch
            {
                OperatorKind.Group => RoleManagementPrincipalType.Group,
                OperatorKind.User => RoleManagementPrincipalType.User,
                _ => RoleManagementPrincipalType.ServicePrincipal,
            },
            RoleDefinitionId = definition,
            PrincipalId = one.ObjectId,
        });
    }
}

/// <summary>A built-in role of Azure.</summary>
/// <param name="Name">Its name, as an identifier.</param>
/// <param name="Id">Its id, which is the same everywhere.</param>
internal readonly record struct AzureRole(string Name, string Id);

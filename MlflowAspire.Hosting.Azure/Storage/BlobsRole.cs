using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.Authorization;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Storage;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The role of the server's identity on a container, and on no other of the account.</summary>
internal static class BlobsRole
{
    public static void Assign(
        AzureResourceInfrastructure infrastructure, AzureBlobStorageContainerResource blobs, AzureUserAssignedIdentityResource identity)
    {
        var container = ContainerOf(infrastructure, blobs);
        var principal = identity.PrincipalId.AsProvisioningParameter(infrastructure);
        var role = BicepFunction.GetSubscriptionResourceId("Microsoft.Authorization/roleDefinitions", StorageBuiltInRole.StorageBlobDataContributor.ToString());
        infrastructure.Add(new RoleAssignment(
            $"{container.BicepIdentifier}_{StorageBuiltInRole.GetBuiltInRoleName(StorageBuiltInRole.StorageBlobDataContributor)}")
        {
            Name = BicepFunction.CreateGuid(container.Id, principal, role),
            Scope = new IdentifierExpression(container.BicepIdentifier),
            PrincipalType = RoleManagementPrincipalType.ServicePrincipal,
            RoleDefinitionId = role,
            PrincipalId = principal,
        });
    }

    /// <summary>The container in the module of its account.</summary>
    public static BlobContainer ContainerOf(AzureResourceInfrastructure infrastructure, AzureBlobStorageContainerResource blobs) =>
        infrastructure.GetProvisionableResources().OfType<BlobContainer>()
            .Single(container => container.BicepIdentifier == Infrastructure.NormalizeBicepIdentifier(blobs.Name));
}

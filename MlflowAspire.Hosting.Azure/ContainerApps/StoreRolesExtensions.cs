using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The roles of the server's identity on its stores: it administers the flexible server, and may read and write blobs of its containers. They are written once,
/// in the modules of the stores; Aspire would make each assignment again for every task with the same identity.
/// </summary>
internal static class StoreRolesExtensions
{
    public static IResourceBuilder<MlflowServerResource> WithStoreRoles(this IResourceBuilder<MlflowServerResource> mlflow)
    {
        var (server, application) = (mlflow.Resource, mlflow.ApplicationBuilder);
        if (!server.TryGetLastAnnotation<AppIdentityAnnotation>(out var app))
        {
            return mlflow;
        }

        var identity = (AzureUserAssignedIdentityResource)app.IdentityResource;
        if (server.BackendStore is AzurePostgresFlexibleServerDatabaseResource { Parent: var postgres })
        {
            PostgresOperations.Sequence(application.CreateResourceBuilder(postgres).KeepDefaultRolesForOthers(), identity);
        }

        foreach (var container in server.BlobContainers())
        {
            application.CreateResourceBuilder(container.Parent.Parent).KeepDefaultRolesForOthers().ConfigureInfrastructure(infrastructure =>
            {
                if (!server.HasAnnotationOfType<ArtifactStoreKeyAnnotation>())
                {
                    BlobsRole.Assign(infrastructure, container, identity);
                }

                OperatorRoles.AssignBlobs(infrastructure, server, BlobsRole.ContainerOf(infrastructure, container));
            });
        }

        return mlflow;
    }

    /// <summary>The containers of the artifacts and of the backups, as far as these are in blobs.</summary>
    private static IEnumerable<AzureBlobStorageContainerResource> BlobContainers(this MlflowServerResource server)
    {
        if (server.ArtifactStore is AzureBlobStorageContainerResource artifacts)
        {
            yield return artifacts;
        }

        if (server.TryGetLastAnnotation<BackupContainerAnnotation>(out var backups))
        {
            yield return backups.Container;
        }
    }

    /// <summary>Takes the roles that come with a reference to a resource from MLflow's servers and tasks, and from nobody else.</summary>
    public static IResourceBuilder<T> KeepDefaultRolesForOthers<T>(this IResourceBuilder<T> target) where T : AzureProvisioningResource
    {
        if (!target.Resource.TryGetLastAnnotation<DefaultRoleAssignmentsAnnotation>(out var defaults))
        {
            return target;
        }

        foreach (var other in target.ApplicationBuilder.Resources.OfType<IComputeResource>()
            .Where(other => other is not (MlflowServerResource or MlflowTaskResource)))
        {
            var refers = other.Annotations.OfType<ResourceRelationshipAnnotation>()
                .Any(relationship => relationship.Type == "Reference" && RootOf(relationship.Resource) == target.Resource);
            var hasRoles = other.Annotations.OfType<RoleAssignmentAnnotation>().Any(assignment => assignment.Target == target.Resource);
            if (refers && !hasRoles)
            {
                other.Annotations.Add(new RoleAssignmentAnnotation(target.Resource, defaults.Roles));
            }
        }

        return target.ClearDefaultRoleAssignments();
    }

    private static IResource RootOf(IResource resource) => resource is IResourceWithParent child ? RootOf(child.Parent) : resource;
}

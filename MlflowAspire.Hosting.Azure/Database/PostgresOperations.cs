using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.PostgreSql;
using Azure.Provisioning.Primitives;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// A flexible server makes one change at a time and refuses others as long: its own ones stand in its module, one after another, and all others wait for that
/// module.
/// </summary>
internal static class PostgresOperations
{
    /// <summary>Lets the databases wait for each other, and the administrators for them and for each other.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="administrator">The identity that administers the server, unless a password does.</param>
    public static void Sequence(IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, AzureUserAssignedIdentityResource administrator) =>
        postgres.ConfigureInfrastructure(infrastructure =>
        {
            var server = infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServer>().Single();
            ProvisionableResource last = server;
            foreach (var database in infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerDatabase>())
            {
                if (last != server && database.DependsOn.Count == 0)
                {
                    database.DependsOn.Add(last);
                }

                last = database;
            }

            if (postgres.Resource.UsePasswordAuthentication)
            {
                return;
            }

            // Each MLflow server has an identity of its own.
            var others = infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerActiveDirectoryAdministrator>().ToList();
            var name = others.Count == 0
                ? $"{server.BicepIdentifier}_admin" : Infrastructure.NormalizeBicepIdentifier($"{server.BicepIdentifier}_admin_{administrator.Name}");
            last = others.LastOrDefault() ?? last;
            var admin = new PostgreSqlFlexibleServerActiveDirectoryAdministrator(name, server.ResourceVersion)
            {
                Parent = server,
                Name = administrator.PrincipalId.AsProvisioningParameter(infrastructure),
                PrincipalName = administrator.PrincipalName.AsProvisioningParameter(infrastructure),
                PrincipalType = PostgreSqlFlexibleServerPrincipalType.ServicePrincipal,
            };
            if (last != server)
            {
                admin.DependsOn.Add(last);
            }

            infrastructure.Add(admin);
        });
}

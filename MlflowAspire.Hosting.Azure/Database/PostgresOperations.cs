using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.PostgreSql;
using Azure.Provisioning.Primitives;

namespace MlflowAspire.Hosting.Azure;

/// <summary>A flexible server makes one change at a time and refuses others as long: its own ones stand in its module, one after another, and all others wait for that module.</summary>
internal static class PostgresOperations
{
    /// <summary>Lets the databases wait for each other, and the administrator for them.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="administrator">The identity that administers the server; null when a password does.</param>
    public static void Sequence(IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, AzureUserAssignedIdentityResource? administrator) =>
        postgres.ConfigureInfrastructure(infrastructure =>
        {
            var server = infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServer>().Single();
            ProvisionableResource last = server;
            foreach (var database in infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerDatabase>())
            {
                if (last != server)
                {
                    database.DependsOn.Add(last);
                }

                last = database;
            }

            if (administrator is null)
            {
                return;
            }

            var admin = new PostgreSqlFlexibleServerActiveDirectoryAdministrator($"{server.BicepIdentifier}_admin", server.ResourceVersion)
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

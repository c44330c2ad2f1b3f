using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Network;
using Azure.Provisioning.PostgreSql;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Publishes PostgreSQL without public access.</summary>
internal static class DatabaseExtensions
{
    // The version that local runs have.
    private const string Version = "17";

    // The first one that knows the version of PostgreSQL.
    private const string ApiVersion = "2025-08-01";

    private const string ServerNameOutput = "serverName";

    /// <summary>Publishes the flexible server into the network.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="network">The network.</param>
    /// <param name="vault">Keeps the password, when there is one.</param>
    /// <param name="settings">The settings.</param>
    public static void PublishInNetwork(
        this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, MlflowPrivateNetwork network,
        IResourceBuilder<AzureKeyVaultResource> vault, MlflowSettings settings)
    {
        postgres.ConfigureInfrastructure(infrastructure => Configure(infrastructure, settings));
        if (settings.Database.Authentication is DatabaseAuthentication.Password)
        {
            postgres.WithPassword(vault);
        }

        if (settings.Database.Access is DatabaseAccess.PrivateEndpoint)
        {
            network.AddPrivateEndpoint(network.Database, postgres).ConfigureInfrastructure(infrastructure =>
            {
                // Whoever changes the server after its endpoint takes the name from here.
                infrastructure.Add(new ProvisioningOutput(ServerNameOutput, typeof(string))
                {
                    Value = postgres.Resource.NameOutputReference.AsProvisioningParameter(infrastructure),
                });
                if (settings.Database.Server is { } restored)
                {
                    // An endpoint stays with the server that it was made for.
                    infrastructure.GetProvisionableResources().OfType<PrivateEndpoint>().Single().Name = $"{restored}-pe";
                }
            });
        }
        else
        {
            postgres.JoinSubnet(network);
        }
    }

    /// <summary>
    /// The name of the server, which is known when its private endpoint is made: the server takes one operation at a time, and the diagnostic setting would be
    /// made beside it.
    /// </summary>
    public static BicepOutputReference NameAfterEndpoint(this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres) =>
        postgres.ApplicationBuilder.Resources.OfType<AzurePrivateEndpointResource>()
            .SingleOrDefault(endpoint => endpoint.Target == postgres.Resource) is { } endpoint
            ? new(ServerNameOutput, endpoint)
            : postgres.Resource.NameOutputReference;

    private static void Configure(AzureResourceInfrastructure infrastructure, MlflowSettings settings)
    {
        var server = infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServer>().Single();
        server.ResourceVersion = ApiVersion;
        foreach (var database in infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerDatabase>())
        {
            database.ResourceVersion = ApiVersion;
        }

        var sizes = settings.Sizes;
        if (settings.Database.Server is { } restored)
        {
            server.Name = restored;
        }

        server.Version = new StringLiteralExpression(Version);
        server.Sku = new() { Name = sizes.DatabaseSku.Name, Tier = sizes.DatabaseSku.Tier };
        // A disk that has grown by itself would be larger than what is published, and Azure refuses a smaller one: no later deployment would succeed.
        server.Storage = new() { StorageSizeInGB = sizes.DatabaseStorageGiB, AutoGrow = StorageAutoGrow.Disabled };
        server.HighAvailability = new()
        {
            Mode = sizes switch
            {
                { DatabaseHighAvailability: false } => PostgreSqlFlexibleServerHighAvailabilityMode.Disabled,
                { ZoneRedundancy: false } => PostgreSqlFlexibleServerHighAvailabilityMode.SameZone,
                _ => PostgreSqlFlexibleServerHighAvailabilityMode.ZoneRedundant,
            },
        };
        server.Backup = new()
        {
            BackupRetentionDays = sizes.RetentionDays,
            GeoRedundantBackup = sizes.GeoRedundancy
                ? PostgreSqlFlexibleServerGeoRedundantBackupEnum.Enabled : PostgreSqlFlexibleServerGeoRedundantBackupEnum.Disabled,
        };
        var maintenance = settings.Database.MaintenanceWindow;
        server.MaintenanceWindow = new()
        {
            CustomWindow = "Enabled",
            DayOfWeek = (int)maintenance.Day,
            StartHour = maintenance.Start.Hour,
            StartMinute = maintenance.Start.Minute,
        };

        // Azure chooses the zone: after a failover another one than at first is right, and regions without zones have none.
        server.AvailabilityZone.ClearValue();
    }

    /// <summary>The server becomes part of the subnet, and is found through a DNS zone of its own.</summary>
    private static void JoinSubnet(this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, MlflowPrivateNetwork network)
    {
        network.Rules.HasServerInDatabaseSubnet = true;
        network.Database.WithServiceDelegation("Microsoft.DBforPostgreSQL/flexibleServers");
        var zone = postgres.ApplicationBuilder.AddAzureInfrastructure("postgres-dns", infrastructure => AddZone(infrastructure, network));
        network.LinkInTurn(zone);
        postgres.ConfigureInfrastructure(infrastructure =>
        {
            foreach (var rule in infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerFirewallRule>().ToList())
            {
                infrastructure.Remove(rule);
            }

            infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServer>().Single().Network = new()
            {
                DelegatedSubnetResourceId = network.Database.Resource.Id.AsProvisioningParameter(infrastructure),
                PrivateDnsZoneArmResourceId = new BicepOutputReference("id", zone.Resource).AsProvisioningParameter(infrastructure),
                PublicNetworkAccess = PostgreSqlFlexibleServerPublicNetworkAccessState.Disabled,
            };
        });
    }

    private static void AddZone(AzureResourceInfrastructure infrastructure, MlflowPrivateNetwork network)
    {
        var zone = new PrivateDnsZone("zone")
        {
            Name = CloudNames.Zone("mlflow.private.postgres.database.azure.com"),
            Location = new AzureLocation("global"),
        };
        infrastructure.Add(zone);
        infrastructure.Add(new VirtualNetworkLink("link")
        {
            Parent = zone,
            Name = "network-link",
            Location = new AzureLocation("global"),
            RegistrationEnabled = false,
            VirtualNetworkId = network.VirtualNetwork.Resource.Id.AsProvisioningParameter(infrastructure),
        });
        infrastructure.Add(new ProvisioningOutput("id", typeof(string)) { Value = zone.Id.ToBicepExpression() });
    }
}

using Aspire.Hosting.Azure;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.PostgreSql;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Publishes PostgreSQL without public access (guide rows G4, G14 and G15).</summary>
internal static class DatabaseExtensions
{
    // The version that local runs have.
    private const string Version = "17";

    /// <summary>Publishes the flexible server into the network.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="network">The network.</param>
    /// <param name="vault">Keeps the password, when there is one.</param>
    /// <param name="settings">The settings.</param>
    public static void PublishInNetwork(
        this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, MlflowNetwork network, IResourceBuilder<AzureKeyVaultResource> vault, MlflowSettings settings)
    {
        postgres.ConfigureInfrastructure(infrastructure => Configure(infrastructure, settings));
        if (settings.Database.Authentication is DatabaseAuthentication.Password)
        {
            postgres.WithPassword(vault);
        }

        if (settings.Database.Access is DatabaseAccess.PrivateEndpoint)
        {
            network.Database.AddPrivateEndpoint(postgres);
        }
        else
        {
            postgres.JoinSubnet(network);
        }
    }

    private static void Configure(AzureResourceInfrastructure infrastructure, MlflowSettings settings)
    {
        var server = infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServer>().Single();
        var sizes = settings.Sizes;
        server.Version = new StringLiteralExpression(Version);
        server.Sku = new() { Name = sizes.DatabaseSku.Name, Tier = sizes.DatabaseSku.Tier };
        server.Storage = new() { StorageSizeInGB = sizes.DatabaseStorageGiB, AutoGrow = StorageAutoGrow.Enabled };
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
            GeoRedundantBackup = sizes.GeoRedundancy ? PostgreSqlFlexibleServerGeoRedundantBackupEnum.Enabled : PostgreSqlFlexibleServerGeoRedundantBackupEnum.Disabled,
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

        var secureTransport = new PostgreSqlFlexibleServerConfiguration("require_secure_transport")
        {
            Parent = server,
            Name = "require_secure_transport",
            Value = "on",
            Source = "user-override",
        };
        // The server makes one change at a time, and refuses others as long as it is busy.
        secureTransport.DependsOn.Add(infrastructure.GetProvisionableResources().OfType<PostgreSqlFlexibleServerDatabase>().Last());
        infrastructure.Add(secureTransport);
    }

    /// <summary>The server becomes part of the subnet, and is found through a DNS zone of its own.</summary>
    private static void JoinSubnet(this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, MlflowNetwork network)
    {
        network.Database.WithServiceDelegation("Microsoft.DBforPostgreSQL/flexibleServers");
        var zone = postgres.ApplicationBuilder.AddAzureInfrastructure("postgres-dns", infrastructure => AddZone(infrastructure, network));
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

    private static void AddZone(AzureResourceInfrastructure infrastructure, MlflowNetwork network)
    {
        var zone = new PrivateDnsZone("zone") { Name = "mlflow.private.postgres.database.azure.com", Location = new AzureLocation("global") };
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

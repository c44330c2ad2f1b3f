namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class DatabaseTests
{
    private const string Server = "Microsoft.DBforPostgreSQL/flexibleServers";

    [Theory]
    [InlineData("Database:Access=private-endpoint")]
    [InlineData("Database:Access=delegated-subnet")]
    [InlineData("Database:Authentication=password")]
    [InlineData("Profile=development")]
    public async Task Server_has_no_public_access(string setting)
    {
        var app = await PublishedApp.GetAsync(setting);

        Assert.Equal("'Disabled'", app.Only(Server)["properties.network.publicNetworkAccess"]);
        Assert.DoesNotContain(app.Resources, resource => resource.Type == $"{Server}/firewallRules");
        // Encrypted connections are what the server asks for by itself: a configuration would be one more operation on it.
        Assert.DoesNotContain(app.Resources, resource => resource.Type == $"{Server}/configurations");
    }

    [Fact]
    public async Task A_restored_server_takes_the_place_of_the_first_one()
    {
        var app = await PublishedApp.GetAsync("Database:Server=mlflow-restored");

        Assert.Equal("'mlflow-restored'", app.Only("Microsoft.DBforPostgreSQL/flexibleServers")["name"]);
        // The endpoint of the first server cannot be led to another one.
        Assert.Equal("'mlflow-restored-pe'", app.Resources.Single(resource => resource.Symbol == "db_subnet_postgres_pe")["name"]);
    }

    [Fact]
    public async Task Private_endpoint_of_the_server_is_in_the_database_subnet()
    {
        var app = await PublishedApp.GetAsync();

        var endpoint = app.Resources.Single(resource => resource.Symbol == "db_subnet_postgres_pe");
        Assert.Equal("network_outputs_db_subnet_id", endpoint["properties.subnet.id"]);
        Assert.Equal("postgres_outputs_id", endpoint["properties.privateLinkServiceConnections[0].properties.privateLinkServiceId"]);
        Assert.Equal("{network.outputs.db_subnet_Id}", (string?)app.Manifest["db-subnet-postgres-pe"]!["params"]!["network_outputs_db_subnet_id"]);
    }

    [Fact]
    public async Task Server_in_the_delegated_subnet_has_a_dns_zone_of_its_own()
    {
        var app = await PublishedApp.GetAsync("Database:Access=delegated-subnet");

        var server = app.Only(Server);
        Assert.Equal("network_outputs_db_subnet_id", server["properties.network.delegatedSubnetResourceId"]);
        Assert.Equal("postgres_dns_outputs_id", server["properties.network.privateDnsZoneArmResourceId"]);
        var zone = app.Resources.Single(resource => resource is { Module: "postgres-dns", Type: "Microsoft.Network/privateDnsZones" });
        Assert.EndsWith(".postgres.database.azure.com'", zone["name"], StringComparison.Ordinal);
        Assert.DoesNotContain(app.Resources, resource => resource.Symbol == "db_subnet_postgres_pe");
    }

    [BicepFact]
    public async Task Identity_administers_the_server_after_its_databases()
    {
        var deployment = await Variants.DeployAsync(Variants.Production);

        Assert.Equal("ServicePrincipal", deployment.Only($"{Server}/administrators")["properties.principalType"]);
        Assert.Equal(["mlflow", "mlflow_auth"], deployment.All($"{Server}/databases").Select(database => database.Name).Order());
        Assert.All(deployment.Resources.Where(resource => resource.Type.StartsWith(Server, StringComparison.Ordinal)), resource => Assert.Equal("2025-08-01", resource["apiVersion"]));
        var order = await deployment.OrderAsync();
        var steps = order.Steps.Where(step => step.Module == "postgres").ToDictionary(step => step.Node.Symbol);
        Assert.True(order.IsAfter(steps["postgres_admin"], steps["mlflow_db"]));
    }

    [Fact]
    public async Task Server_takes_entra_identities_and_no_passwords()
    {
        var app = await PublishedApp.GetAsync();

        var server = app.Only(Server);
        Assert.Equal(("'Enabled'", "'Disabled'"), (server["properties.authConfig.activeDirectoryAuth"], server["properties.authConfig.passwordAuth"]));
        Assert.Null(server["properties.administratorLoginPassword"]);
        Assert.DoesNotContain("postgres-password", app.Files["manifest.json"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_is_a_secure_parameter_and_kept_in_the_vault()
    {
        var app = await PublishedApp.GetAsync("Database:Authentication=password");

        var server = app.Only(Server);
        Assert.Equal(("'Disabled'", "'Enabled'"), (server["properties.authConfig.activeDirectoryAuth"], server["properties.authConfig.passwordAuth"]));
        Assert.Equal("administratorLoginPassword", server["properties.administratorLoginPassword"]);
        Assert.Contains("@secure()\nparam administratorLoginPassword string\n", app.Files["postgres.module.bicep"], StringComparison.Ordinal);
        Assert.True((bool?)app.Manifest["postgres-password"]!["inputs"]!["value"]!["secret"]);
        Assert.DoesNotContain(app.Resources, resource => resource.Type == $"{Server}/administrators");
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Server_migration_and_garbage_collection_sign_in_as_a_role_of_their_own(string role)
    {
        var app = await PublishedApp.GetAsync("Database:Authentication=password", $"Database:Role={role}");

        var containers = app.Resources.SelectMany(BicepContainer.Of).Where(container => container.Environment.ContainsKey("PGUSER")).ToList();
        Assert.Equal(3, containers.Count);
        Assert.All(containers, container => Assert.Equal($"database_user_{role}_value", container.Environment["PGUSER"].Value));
        Assert.All(containers, container => Assert.Equal("pgpassword", container.Environment["PGPASSWORD"].Secret?.Trim('\'')));
        Assert.Contains($"keyVaultUrl: vault_database_password_{role}.properties.secretUri", app.Files["mlflow-containerapp.module.bicep"], StringComparison.Ordinal);
        Assert.Contains($"keyVaultUrl: vault_database_password_{role}.properties.secretUri", app.Files["mlflow-gc-containerapp.module.bicep"], StringComparison.Ordinal);
        Assert.True((bool?)app.Manifest[$"database-password-{role}"]!["inputs"]!["value"]!["secret"]);
        Assert.Equal("administratorLoginPassword", app.Only(Server)["properties.administratorLoginPassword"]);
    }

    [Theory]
    [InlineData("production", "'Standard_D2ds_v5'", "'GeneralPurpose'", "'ZoneRedundant'", "30", "128")]
    [InlineData("development", "'Standard_B1ms'", "'Burstable'", "'Disabled'", "7", "32")]
    public async Task Profile_sets_size_standby_and_retention(string profile, string sku, string tier, string standby, string retention, string storage)
    {
        var server = (await PublishedApp.GetAsync($"Profile={profile}")).Only(Server);

        Assert.Equal((sku, tier), (server["sku.name"], server["sku.tier"]));
        Assert.Equal(standby, server["properties.highAvailability.mode"]);
        Assert.Equal((retention, "'Disabled'"), (server["properties.backup.backupRetentionDays"], server["properties.backup.geoRedundantBackup"]));
        // A disk that grows by itself would be larger than the next deployment says.
        Assert.Equal((storage, "'Disabled'"), (server["properties.storage.storageSizeGB"], server["properties.storage.autoGrow"]));
        Assert.Equal("'17'", server["properties.version"]);
        Assert.Null(server["properties.availabilityZone"]);
    }

    [Fact]
    public async Task Settings_change_what_the_profile_sets()
    {
        var server = (await PublishedApp.GetAsync(
            "Database:Sku=Standard_E4ds_v5", "Database:StorageGiB=256", "Database:MaintenanceWindow=Saturday 03:30", "ZoneRedundancy=false", "GeoRedundancy=true", "RetentionDays=35")).Only(Server);

        Assert.Equal(("'Standard_E4ds_v5'", "'MemoryOptimized'"), (server["sku.name"], server["sku.tier"]));
        Assert.Equal("256", server["properties.storage.storageSizeGB"]);
        Assert.Equal("'SameZone'", server["properties.highAvailability.mode"]);
        Assert.Equal(("35", "'Enabled'"), (server["properties.backup.backupRetentionDays"], server["properties.backup.geoRedundantBackup"]));
        Assert.Equal(
            ("'Enabled'", "6", "3", "30"),
            (server["properties.maintenanceWindow.customWindow"], server["properties.maintenanceWindow.dayOfWeek"], server["properties.maintenanceWindow.startHour"], server["properties.maintenanceWindow.startMinute"]));
    }
}

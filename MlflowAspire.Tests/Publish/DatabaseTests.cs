namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class DatabaseTests
{
    private const string Server = "Microsoft.DBforPostgreSQL/flexibleServers";

    [BicepTheory]
    [InlineData("Database:Access=private-endpoint")]
    [InlineData("Database:Access=delegated-subnet")]
    [InlineData("Database:Authentication=password")]
    [InlineData("Profile=development")]
    public async Task Server_has_no_public_access(string setting)
    {
        var deployment = await Deployment.GetAsync(setting);

        Assert.Equal("Disabled", deployment.Only(Server)["properties.network.publicNetworkAccess"]);
        Assert.DoesNotContain(deployment.Resources, resource => resource.Type == $"{Server}/firewallRules");
        // Encrypted connections are what the server asks for by itself: a configuration would be one more operation on it.
        Assert.DoesNotContain(deployment.Resources, resource => resource.Type == $"{Server}/configurations");
    }

    [BicepFact]
    public async Task A_restored_server_takes_the_place_of_the_first_one()
    {
        var deployment = await Deployment.GetAsync("Database:Server=mlflow-restored");

        Assert.Equal("mlflow-restored", deployment.Only(Server).Name);
        // The endpoint of the first server cannot be led to another one.
        Assert.Equal("mlflow-restored-pe", deployment.EndpointOf(deployment.Only(Server)).Name);
    }

    [BicepFact]
    public async Task Private_endpoint_of_the_server_is_in_the_database_subnet()
    {
        var deployment = await Deployment.GetAsync();

        var endpoint = deployment.EndpointOf(deployment.Only(Server));
        Assert.Equal(deployment.Only("Microsoft.Network/virtualNetworks/subnets", "db-subnet").Id, endpoint["properties.subnet.id"]);
    }

    [BicepFact]
    public async Task Server_in_the_delegated_subnet_has_a_dns_zone_of_its_own()
    {
        var deployment = await Deployment.GetAsync("Database:Access=delegated-subnet");

        var server = deployment.Only(Server);
        Assert.Equal(deployment.Only("Microsoft.Network/virtualNetworks/subnets", "db-subnet").Id, server["properties.network.delegatedSubnetResourceId"]);
        var zone = deployment.All("Microsoft.Network/privateDnsZones").Single(zone => zone.Id == server["properties.network.privateDnsZoneArmResourceId"]);
        Assert.Contains("mlflow.private.postgres.database.", zone.Name, StringComparison.Ordinal);
        Assert.DoesNotContain(deployment.All("Microsoft.Network/privateEndpoints"), endpoint => endpoint.Values.Values.Contains(server.Id));
    }

    [BicepFact]
    public async Task Identity_administers_the_server_after_its_databases()
    {
        var deployment = await Variants.DeployAsync(Variants.Production);

        Assert.Equal("ServicePrincipal", deployment.Only($"{Server}/administrators")["properties.principalType"]);
        Assert.Equal(["mlflow", "mlflow_auth"], deployment.All($"{Server}/databases").Select(database => database.Name).Order());
        Assert.All(deployment.Resources.Where(resource => resource.Type.StartsWith(Server, StringComparison.Ordinal)), resource =>
            Assert.Equal("2025-08-01", resource["apiVersion"]));
        var order = await deployment.OrderAsync();
        var steps = order.Steps.Where(step => step.Module == "postgres").ToDictionary(step => step.Node.Symbol);
        Assert.True(order.IsAfter(steps["postgres_admin"], steps["mlflow_db"]));
    }

    [BicepFact]
    public async Task Server_takes_entra_identities_and_no_passwords()
    {
        var deployment = await Deployment.GetAsync();

        var server = deployment.Only(Server);
        Assert.Equal(("Enabled", "Disabled"), (server["properties.authConfig.activeDirectoryAuth"], server["properties.authConfig.passwordAuth"]));
        Assert.Null(server["properties.administratorLoginPassword"]);
        Assert.DoesNotContain(deployment.All("Microsoft.KeyVault/vaults/secrets"), secret => secret.Name.StartsWith("postgres", StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Password_is_asked_for_and_kept_in_the_vault()
    {
        var deployment = await Deployment.GetAsync("Database:Authentication=password");

        var server = deployment.Only(Server);
        Assert.Equal(("Disabled", "Enabled"), (server["properties.authConfig.activeDirectoryAuth"], server["properties.authConfig.passwordAuth"]));
        // What is secure stays an expression, here and in what Azure keeps of a deployment.
        Assert.Equal("[parameters('postgres_password')]", server["properties.administratorLoginPassword"]);
        Assert.Equal("[parameters('postgres_password')]", deployment.Only("Microsoft.KeyVault/vaults/secrets", "postgres-password")["properties.value"]);
        Assert.DoesNotContain(deployment.Resources, resource => resource.Type == $"{Server}/administrators");
    }

    [BicepTheory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Server_migration_and_garbage_collection_sign_in_as_a_role_of_their_own(string role)
    {
        var deployment = await Deployment.GetAsync("Database:Authentication=password", $"Database:Role={role}");

        var containers = deployment.Containers.Where(container => container.Environment.ContainsKey("PGUSER")).ToList();
        Assert.Equal(
            ["mlflow", "mlflow-backup", "mlflow-check", "mlflow-gc", "mlflow-migrate", "mlflow-reset-admin", "mlflow-restore", "mlflow-users"],
            containers.Select(container => container.Name).Order(StringComparer.Ordinal));
        var password = deployment.Only("Microsoft.KeyVault/vaults/secrets", $"database-password-{role}");
        Assert.Equal($"[parameters('database_password_{role}')]", password["properties.value"]);
        Assert.All(containers, container =>
        {
            Assert.Equal($"database-user-{role}-value", container.Environment["PGUSER"].Value);
            var secret = Assert.Single(
                container.Resource.List("properties.configuration.secrets"), secret => (string?)secret["name"] == container.Environment["PGPASSWORD"].Secret);
            Assert.Contains($"'{password.Id}'", (string)secret["keyVaultUrl"]!, StringComparison.Ordinal);
        });
        Assert.Equal("[parameters('postgres_password')]", deployment.Only(Server)["properties.administratorLoginPassword"]);
    }

    [BicepTheory]
    [InlineData("production", "Standard_D2ds_v5", "GeneralPurpose", "ZoneRedundant", "30", "128")]
    [InlineData("development", "Standard_B1ms", "Burstable", "Disabled", "7", "32")]
    public async Task Profile_sets_size_standby_and_retention(string profile, string sku, string tier, string standby, string retention, string storage)
    {
        var server = (await Deployment.GetAsync($"Profile={profile}")).Only(Server);

        Assert.Equal((sku, tier), (server["sku.name"], server["sku.tier"]));
        Assert.Equal(standby, server["properties.highAvailability.mode"]);
        Assert.Equal((retention, "Disabled"), (server["properties.backup.backupRetentionDays"], server["properties.backup.geoRedundantBackup"]));
        // A disk that grows by itself would be larger than the next deployment says.
        Assert.Equal((storage, "Disabled"), (server["properties.storage.storageSizeGB"], server["properties.storage.autoGrow"]));
        Assert.Equal("17", server["properties.version"]);
        Assert.Null(server["properties.availabilityZone"]);
    }

    [BicepFact]
    public async Task Settings_change_what_the_profile_sets()
    {
        var server = (await Deployment.GetAsync(
            "Database:Sku=Standard_E4ds_v5", "Database:StorageGiB=256", "Database:MaintenanceWindow=Saturday 03:30", "ZoneRedundancy=false",
                "GeoRedundancy=true", "RetentionDays=35")).Only(Server);

        Assert.Equal(("Standard_E4ds_v5", "MemoryOptimized"), (server["sku.name"], server["sku.tier"]));
        Assert.Equal("256", server["properties.storage.storageSizeGB"]);
        Assert.Equal("SameZone", server["properties.highAvailability.mode"]);
        Assert.Equal(("35", "Enabled"), (server["properties.backup.backupRetentionDays"], server["properties.backup.geoRedundantBackup"]));
        Assert.Equal(
            ("Enabled", "6", "3", "30"),
            (server["properties.maintenanceWindow.customWindow"], server["properties.maintenanceWindow.dayOfWeek"],
                server["properties.maintenanceWindow.startHour"], server["properties.maintenanceWindow.startMinute"]));
    }
}

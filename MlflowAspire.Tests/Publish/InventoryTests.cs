namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class InventoryTests
{
    /// <summary>Everything that production deploys, as module, type and name in the module.</summary>
    private const string Expected = """
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups aca_infra_subnet_nsg
        db-subnet-nsg: Microsoft.Network/networkSecurityGroups db_subnet_nsg
        db-subnet-postgres-pe: Microsoft.Network/privateEndpoints db_subnet_postgres_pe
        db-subnet-postgres-pe: Microsoft.Network/privateEndpoints/privateDnsZoneGroups db_subnet_postgres_pe_dnsgroup
        environment: Microsoft.App/managedEnvironments environment
        environment: Microsoft.Authorization/roleAssignments registry_environment_mi_AcrPull
        environment: Microsoft.ManagedIdentity/userAssignedIdentities environment_mi
        insights: Microsoft.Insights/components insights
        mlflow-containerapp: Microsoft.App/containerApps mlflow
        mlflow-containerapp: Microsoft.App/containerApps/authConfigs mlflow_auth
        mlflow-containerapp: Microsoft.Insights/metricAlerts mlflow_replicas
        mlflow-gc-containerapp: Microsoft.App/jobs mlflow_gc
        mlflow-identity: Microsoft.ManagedIdentity/userAssignedIdentities mlflow_identity
        mlflow-roles-vault: Microsoft.Authorization/roleAssignments vault_KeyVaultSecretsUser
        monitoring: Microsoft.Insights/actionGroups operators
        monitoring: Microsoft.Insights/diagnosticSettings blobLogs
        monitoring: Microsoft.Insights/diagnosticSettings environmentLogs
        monitoring: Microsoft.Insights/diagnosticSettings postgresLogs
        monitoring: Microsoft.Insights/diagnosticSettings registryLogs
        monitoring: Microsoft.Insights/diagnosticSettings vaultLogs
        monitoring: Microsoft.Insights/metricAlerts metricAlerts
        monitoring: Microsoft.Insights/metricAlerts reachable
        monitoring: Microsoft.Insights/scheduledQueryRules logAlerts
        monitoring: Microsoft.Insights/webtests webTest
        monitoring: Microsoft.Insights/workbooks workbook
        network: Microsoft.Network/virtualNetworks network
        network: Microsoft.Network/virtualNetworks/subnets aca_infra_subnet
        network: Microsoft.Network/virtualNetworks/subnets db_subnet
        network: Microsoft.Network/virtualNetworks/subnets private_endpoints
        postgres: Microsoft.DBforPostgreSQL/flexibleServers postgres
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/administrators postgres_admin
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/databases mlflow_auth_db
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/databases mlflow_db
        private-endpoints-nsg: Microsoft.Network/networkSecurityGroups private_endpoints_nsg
        private-endpoints-storage-blobs-pe: Microsoft.Network/privateEndpoints private_endpoints_storage_blobs_pe
        private-endpoints-storage-blobs-pe: Microsoft.Network/privateEndpoints/privateDnsZoneGroups private_endpoints_storage_blobs_pe_dnsgroup
        private-endpoints-vault-pe: Microsoft.Network/privateEndpoints private_endpoints_vault_pe
        private-endpoints-vault-pe: Microsoft.Network/privateEndpoints/privateDnsZoneGroups private_endpoints_vault_pe_dnsgroup
        privatelink-blob-core-windows-net: Microsoft.Network/privateDnsZones privatelink_blob_core_windows_net
        privatelink-blob-core-windows-net: Microsoft.Network/privateDnsZones/virtualNetworkLinks network_link
        privatelink-postgres-database-azure-com: Microsoft.Network/privateDnsZones privatelink_postgres_database_azure_com
        privatelink-postgres-database-azure-com: Microsoft.Network/privateDnsZones/virtualNetworkLinks network_link
        privatelink-vaultcore-azure-net: Microsoft.Network/privateDnsZones privatelink_vaultcore_azure_net
        privatelink-vaultcore-azure-net: Microsoft.Network/privateDnsZones/virtualNetworkLinks network_link
        registry: Microsoft.ContainerRegistry/registries registry
        storage: Microsoft.Authorization/roleAssignments artifacts_StorageBlobDataContributor
        storage: Microsoft.Storage/storageAccounts storage
        storage: Microsoft.Storage/storageAccounts/blobServices blobs
        storage: Microsoft.Storage/storageAccounts/blobServices/containers artifacts
        storage: Microsoft.Storage/storageAccounts/managementPolicies lifecycle
        vault: Microsoft.KeyVault/vaults vault
        vault: Microsoft.KeyVault/vaults/secrets secret_mlflow_admin_password_v1
        vault: Microsoft.KeyVault/vaults/secrets secret_mlflow_flask_secret_key_v1
        vault: Microsoft.KeyVault/vaults/secrets secret_mlflow_kek_passphrase_v1
        vault: Microsoft.KeyVault/vaults/secrets secret_mlflow_webhook_key_v1
        workspace: Microsoft.OperationalInsights/workspaces workspace
        """;

    [Fact]
    public async Task Production_deploys_what_is_listed_and_nothing_else()
    {
        var expected = Expected.Split('\n');
        var published = (await PublishedApp.GetAsync()).Resources.Select(resource => resource.ToString()).ToList();

        var unlisted = published.Except(expected).ToList();
        Assert.True(unlisted is [], $"Published but not listed:\n{string.Join('\n', unlisted)}");
        var missing = expected.Except(published).ToList();
        Assert.True(missing is [], $"Listed but not published:\n{string.Join('\n', missing)}");
    }
}

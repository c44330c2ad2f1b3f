namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class InventoryTests
{
    /// <summary>Everything that production deploys, as module, type and name in the module.</summary>
    private const string Expected = """
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups aca_infra_subnet_nsg
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_database
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_deny_inbound
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_deny_outbound
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_dns
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_health_probes
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_https
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_nodes_in
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_nodes_out
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_private_endpoints
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_requests
        aca-infra-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules aca_infra_subnet_nsg_requests_to_proxy
        db-subnet-nsg: Microsoft.Network/networkSecurityGroups db_subnet_nsg
        db-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules db_subnet_nsg_database
        db-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules db_subnet_nsg_deny_inbound
        db-subnet-nsg: Microsoft.Network/networkSecurityGroups/securityRules db_subnet_nsg_deny_outbound
        db-subnet-postgres-pe: Microsoft.Network/privateEndpoints db_subnet_postgres_pe
        db-subnet-postgres-pe: Microsoft.Network/privateEndpoints/privateDnsZoneGroups db_subnet_postgres_pe_dnsgroup
        environment: Microsoft.App/managedEnvironments environment
        environment: Microsoft.Authorization/roleAssignments registry_environment_mi_AcrPull
        environment: Microsoft.ManagedIdentity/userAssignedIdentities environment_mi
        insights: Microsoft.Insights/components insights
        mlflow-containerapp: Microsoft.App/containerApps mlflow
        mlflow-gc-containerapp: Microsoft.App/jobs mlflow_gc
        mlflow-identity: Microsoft.ManagedIdentity/userAssignedIdentities mlflow_identity
        mlflow-roles-postgres: Microsoft.DBforPostgreSQL/flexibleServers/administrators postgres_admin
        mlflow-roles-storage: Microsoft.Authorization/roleAssignments storage_StorageBlobDataContributor
        mlflow-roles-vault: Microsoft.Authorization/roleAssignments vault_KeyVaultSecretsUser
        monitoring: Microsoft.Insights/actionGroups operators
        monitoring: Microsoft.Insights/diagnosticSettings blobLogs
        monitoring: Microsoft.Insights/diagnosticSettings postgresLogs
        monitoring: Microsoft.Insights/diagnosticSettings registryLogs
        monitoring: Microsoft.Insights/diagnosticSettings vaultLogs
        monitoring: Microsoft.Insights/metricAlerts metricAlerts
        monitoring: Microsoft.Insights/scheduledQueryRules logAlerts
        monitoring: Microsoft.Insights/workbooks workbook
        network: Microsoft.Network/virtualNetworks network
        network: Microsoft.Network/virtualNetworks/subnets aca_infra_subnet
        network: Microsoft.Network/virtualNetworks/subnets db_subnet
        network: Microsoft.Network/virtualNetworks/subnets private_endpoints
        postgres: Microsoft.DBforPostgreSQL/flexibleServers postgres
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/configurations require_secure_transport
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/databases mlflow_auth_db
        postgres: Microsoft.DBforPostgreSQL/flexibleServers/databases mlflow_db
        private-endpoints-nsg: Microsoft.Network/networkSecurityGroups private_endpoints_nsg
        private-endpoints-nsg: Microsoft.Network/networkSecurityGroups/securityRules private_endpoints_nsg_deny_inbound
        private-endpoints-nsg: Microsoft.Network/networkSecurityGroups/securityRules private_endpoints_nsg_deny_outbound
        private-endpoints-nsg: Microsoft.Network/networkSecurityGroups/securityRules private_endpoints_nsg_private_endpoints
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

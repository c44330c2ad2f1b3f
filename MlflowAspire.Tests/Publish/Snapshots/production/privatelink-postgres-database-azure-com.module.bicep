@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param network_outputs_id string

param private_endpoints_vault_pe_outputs_networkid string

resource privatelink_postgres_database_azure_com 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'privatelink.postgres.database.${replace(replace(az.environment().resourceManager, 'https://management.', ''), '/', '')}'
  location: 'global'
  tags: {
    'aspire-resource-name': 'privatelink-postgres-database-azure-com'
  }
}

resource network_link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  name: 'network-link'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: private_endpoints_vault_pe_outputs_networkid
    }
  }
  tags: {
    'aspire-resource-name': 'privatelink-postgres-database-azure-com-network-link'
  }
  parent: privatelink_postgres_database_azure_com
}

output id string = privatelink_postgres_database_azure_com.id

output name string = 'privatelink.postgres.database.${replace(replace(az.environment().resourceManager, 'https://management.', ''), '/', '')}'

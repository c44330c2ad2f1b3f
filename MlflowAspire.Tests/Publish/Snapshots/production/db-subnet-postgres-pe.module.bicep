@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param privatelink_postgres_database_azure_com_outputs_name string

param network_outputs_db_subnet_id string

param postgres_outputs_id string

param network_outputs_id string

param postgres_outputs_name string

resource privatelink_postgres_database_azure_com 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: privatelink_postgres_database_azure_com_outputs_name
}

resource db_subnet_postgres_pe 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: take('db_subnet_postgres_pe-${uniqueString(resourceGroup().id)}', 64)
  location: location
  properties: {
    privateLinkServiceConnections: [
      {
        properties: {
          privateLinkServiceId: postgres_outputs_id
          groupIds: [
            'postgresqlServer'
          ]
        }
        name: 'db-subnet-postgres-pe-connection'
      }
    ]
    subnet: {
      id: network_outputs_db_subnet_id
    }
  }
  tags: {
    'aspire-resource-name': 'db-subnet-postgres-pe'
  }
}

resource db_subnet_postgres_pe_dnsgroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = {
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: 'privatelink_postgres_database_azure_com'
        properties: {
          privateDnsZoneId: privatelink_postgres_database_azure_com.id
        }
      }
    ]
  }
  parent: db_subnet_postgres_pe
}

output id string = db_subnet_postgres_pe.id

output name string = db_subnet_postgres_pe.name

output networkId string = network_outputs_id

output serverName string = postgres_outputs_name

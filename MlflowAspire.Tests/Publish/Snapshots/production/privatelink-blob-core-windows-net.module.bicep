@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param network_outputs_id string

param db_subnet_postgres_pe_outputs_networkid string

resource privatelink_blob_core_windows_net 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'privatelink.blob.${az.environment().suffixes.storage}'
  location: 'global'
  tags: {
    'aspire-resource-name': 'privatelink-blob-core-windows-net'
  }
}

resource network_link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  name: 'network-link'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: db_subnet_postgres_pe_outputs_networkid
    }
  }
  tags: {
    'aspire-resource-name': 'privatelink-blob-core-windows-net-network-link'
  }
  parent: privatelink_blob_core_windows_net
}

output id string = privatelink_blob_core_windows_net.id

output name string = 'privatelink.blob.${az.environment().suffixes.storage}'

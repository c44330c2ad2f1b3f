@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param privatelink_vaultcore_azure_net_outputs_name string

param network_outputs_private_endpoints_id string

param vault_outputs_id string

param network_outputs_id string

resource privatelink_vaultcore_azure_net 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: privatelink_vaultcore_azure_net_outputs_name
}

resource private_endpoints_vault_pe 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: take('private_endpoints_vault_pe-${uniqueString(resourceGroup().id)}', 64)
  location: location
  properties: {
    privateLinkServiceConnections: [
      {
        properties: {
          privateLinkServiceId: vault_outputs_id
          groupIds: [
            'vault'
          ]
        }
        name: 'private-endpoints-vault-pe-connection'
      }
    ]
    subnet: {
      id: network_outputs_private_endpoints_id
    }
  }
  tags: {
    'aspire-resource-name': 'private-endpoints-vault-pe'
  }
}

resource private_endpoints_vault_pe_dnsgroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = {
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: 'privatelink_vaultcore_azure_net'
        properties: {
          privateDnsZoneId: privatelink_vaultcore_azure_net.id
        }
      }
    ]
  }
  parent: private_endpoints_vault_pe
}

output id string = private_endpoints_vault_pe.id

output name string = private_endpoints_vault_pe.name

output networkId string = network_outputs_id

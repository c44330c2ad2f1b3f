@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param network_outputs_id string

resource privatelink_vaultcore_azure_net 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: replace(az.environment().suffixes.keyvaultDns, '.vault.', 'privatelink.vaultcore.')
  location: 'global'
  tags: {
    'aspire-resource-name': 'privatelink-vaultcore-azure-net'
  }
}

resource network_link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  name: 'network-link'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network_outputs_id
    }
  }
  tags: {
    'aspire-resource-name': 'privatelink-vaultcore-azure-net-network-link'
  }
  parent: privatelink_vaultcore_azure_net
}

output id string = privatelink_vaultcore_azure_net.id

output name string = replace(az.environment().suffixes.keyvaultDns, '.vault.', 'privatelink.vaultcore.')

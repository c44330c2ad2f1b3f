@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param network_outputs_id string

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'mlflow.private.postgres.database.azure.com'
  location: 'global'
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  name: 'network-link'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network_outputs_id
    }
  }
  parent: zone
}

output id string = zone.id

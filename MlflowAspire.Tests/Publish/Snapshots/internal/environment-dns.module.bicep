@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param defaultDomain string

param staticAddress string

param network_outputs_id string

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: defaultDomain
  location: 'global'
}

resource apps 'Microsoft.Network/privateDnsZones/A@2024-06-01' = {
  name: '*'
  properties: {
    ttl: 3600
    aRecords: [
      {
        ipv4Address: staticAddress
      }
    ]
  }
  parent: zone
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

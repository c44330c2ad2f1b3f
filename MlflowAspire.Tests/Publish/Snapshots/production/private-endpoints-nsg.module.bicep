@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

resource private_endpoints_nsg 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: take('private_endpoints_nsg-${uniqueString(resourceGroup().id)}', 80)
  location: location
  properties: {
    securityRules: [
      {
        name: 'private-endpoints'
        properties: {
          access: 'Allow'
          description: 'MLflow.'
          destinationAddressPrefix: '10.0.2.32/27'
          destinationPortRange: '443'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'deny-inbound'
        properties: {
          access: 'Deny'
          description: 'All else.'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
          direction: 'Inbound'
          priority: 4096
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
        }
      }
      {
        name: 'deny-outbound'
        properties: {
          access: 'Deny'
          description: 'All else.'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
          direction: 'Outbound'
          priority: 4096
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
        }
      }
    ]
  }
  tags: {
    'aspire-resource-name': 'private-endpoints-nsg'
  }
}

output id string = private_endpoints_nsg.id

output name string = private_endpoints_nsg.name

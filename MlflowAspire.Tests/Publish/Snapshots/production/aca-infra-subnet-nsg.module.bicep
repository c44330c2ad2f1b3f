@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

resource aca_infra_subnet_nsg 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: take('aca_infra_subnet_nsg-${uniqueString(resourceGroup().id)}', 80)
  location: location
  properties: {
    securityRules: [
      {
        name: 'requests'
        properties: {
          access: 'Allow'
          description: 'Callers inside the network; HTTP is sent on to HTTPS.'
          destinationAddressPrefix: '10.0.0.0/23'
          destinationPortRanges: [
            '80'
            '443'
          ]
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
        }
      }
      {
        name: 'requests-to-proxy'
        properties: {
          access: 'Allow'
          description: 'The ports of the environment\'s proxy behind its load balancer.'
          destinationAddressPrefix: '10.0.0.0/23'
          destinationPortRanges: [
            '31080'
            '31443'
          ]
          direction: 'Inbound'
          priority: 110
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
        }
      }
      {
        name: 'health-probes'
        properties: {
          access: 'Allow'
          description: 'The environment\'s load balancer.'
          destinationAddressPrefix: '10.0.0.0/23'
          destinationPortRange: '30000-32767'
          direction: 'Inbound'
          priority: 120
          protocol: 'Tcp'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
        }
      }
      {
        name: 'nodes-in'
        properties: {
          access: 'Allow'
          description: 'The environment\'s nodes among themselves.'
          destinationAddressPrefix: '10.0.0.0/23'
          destinationPortRange: '*'
          direction: 'Inbound'
          priority: 130
          protocol: '*'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'nodes-out'
        properties: {
          access: 'Allow'
          description: 'The environment\'s nodes among themselves.'
          destinationAddressPrefix: '10.0.0.0/23'
          destinationPortRange: '*'
          direction: 'Outbound'
          priority: 140
          protocol: '*'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'database'
        properties: {
          access: 'Allow'
          description: 'PostgreSQL.'
          destinationAddressPrefix: '10.0.2.0/27'
          destinationPortRange: '5432'
          direction: 'Outbound'
          priority: 150
          protocol: 'Tcp'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'private-endpoints'
        properties: {
          access: 'Allow'
          description: 'Storage and secrets.'
          destinationAddressPrefix: '10.0.2.32/27'
          destinationPortRange: '443'
          direction: 'Outbound'
          priority: 160
          protocol: 'Tcp'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'dns'
        properties: {
          access: 'Allow'
          description: 'Azure\'s DNS or the network\'s own.'
          destinationAddressPrefix: 'VirtualNetwork'
          destinationPortRange: '53'
          direction: 'Outbound'
          priority: 170
          protocol: '*'
          sourceAddressPrefix: '10.0.0.0/23'
          sourcePortRange: '*'
        }
      }
      {
        name: 'https'
        properties: {
          access: 'Allow'
          description: 'Azure\'s public services, AI providers and webhooks.'
          destinationAddressPrefix: 'Internet'
          destinationPortRange: '443'
          direction: 'Outbound'
          priority: 180
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
    'aspire-resource-name': 'aca-infra-subnet-nsg'
  }
}

output id string = aca_infra_subnet_nsg.id

output name string = aca_infra_subnet_nsg.name

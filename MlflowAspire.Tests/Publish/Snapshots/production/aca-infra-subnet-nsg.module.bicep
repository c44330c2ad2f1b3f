@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

resource aca_infra_subnet_nsg 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: take('aca_infra_subnet_nsg-${uniqueString(resourceGroup().id)}', 80)
  location: location
  tags: {
    'aspire-resource-name': 'aca-infra-subnet-nsg'
  }
}

resource aca_infra_subnet_nsg_requests 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
  name: 'requests'
  properties: {
    access: 'Allow'
    description: 'Callers inside the network.'
    destinationAddressPrefix: '10.0.0.0/23'
    destinationPortRange: '443'
    direction: 'Inbound'
    priority: 100
    protocol: 'Tcp'
    sourceAddressPrefix: 'VirtualNetwork'
    sourcePortRange: '*'
  }
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_requests_to_proxy 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
  name: 'requests-to-proxy'
  properties: {
    access: 'Allow'
    description: 'The port of the environment\'s proxy behind its load balancer.'
    destinationAddressPrefix: '10.0.0.0/23'
    destinationPortRange: '31443'
    direction: 'Inbound'
    priority: 110
    protocol: 'Tcp'
    sourceAddressPrefix: 'VirtualNetwork'
    sourcePortRange: '*'
  }
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_health_probes 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_nodes_in 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_nodes_out 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_database 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_private_endpoints 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_dns 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_https 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_deny_inbound 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

resource aca_infra_subnet_nsg_deny_outbound 'Microsoft.Network/networkSecurityGroups/securityRules@2025-05-01' = {
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
  parent: aca_infra_subnet_nsg
}

output id string = aca_infra_subnet_nsg.id

output name string = aca_infra_subnet_nsg.name

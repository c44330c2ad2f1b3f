@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param aca_infra_subnet_nsg_outputs_id string

param db_subnet_nsg_outputs_id string

param private_endpoints_nsg_outputs_id string

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: take('network-${uniqueString(resourceGroup().id)}', 64)
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.0.0.0/16'
      ]
    }
  }
  location: location
  tags: {
    'aspire-resource-name': 'network'
  }
}

resource aca_infra_subnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  name: 'aca-infra-subnet'
  properties: {
    addressPrefix: '10.0.0.0/23'
    delegations: [
      {
        properties: {
          serviceName: 'Microsoft.App/environments'
        }
        name: 'Microsoft.App/environments'
      }
    ]
    networkSecurityGroup: {
      id: aca_infra_subnet_nsg_outputs_id
    }
    privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
  }
  parent: network
}

resource db_subnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  name: 'db-subnet'
  properties: {
    addressPrefix: '10.0.2.0/27'
    delegations: [
      {
        properties: {
          serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers'
        }
        name: 'Microsoft.DBforPostgreSQL/flexibleServers'
      }
    ]
    networkSecurityGroup: {
      id: db_subnet_nsg_outputs_id
    }
    privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
  }
  parent: network
  dependsOn: [
    aca_infra_subnet
  ]
}

resource private_endpoints 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  name: 'private-endpoints'
  properties: {
    addressPrefix: '10.0.2.32/27'
    networkSecurityGroup: {
      id: private_endpoints_nsg_outputs_id
    }
    privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
  }
  parent: network
  dependsOn: [
    db_subnet
  ]
}

output aca_infra_subnet_Id string = aca_infra_subnet.id

output db_subnet_Id string = db_subnet.id

output private_endpoints_Id string = private_endpoints.id

output id string = network.id

output name string = network.name

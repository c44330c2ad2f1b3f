@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param userPrincipalId string = ''

param tags object = { }

param registry_outputs_name string

param workspace_outputs_name string

param network_outputs_aca_infra_subnet_id string

resource environment_mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: take('environment_mi-${uniqueString(resourceGroup().id)}', 128)
  location: location
  tags: tags
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registry_outputs_name
}

resource registry_environment_mi_AcrPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, environment_mi.id, subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d'))
  properties: {
    principalId: environment_mi.properties.principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalType: 'ServicePrincipal'
  }
  scope: registry
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspace_outputs_name
}

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: take('environment${uniqueString(resourceGroup().id)}', 24)
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    zoneRedundant: true
    publicNetworkAccess: 'Enabled'
    vnetConfiguration: {
      internal: false
      infrastructureSubnetId: network_outputs_aca_infra_subnet_id
    }
    workloadProfiles: [
      {
        name: 'consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
  tags: tags
}

output AZURE_LOG_ANALYTICS_WORKSPACE_NAME string = workspace.name

output AZURE_LOG_ANALYTICS_WORKSPACE_ID string = workspace.id

output AZURE_CONTAINER_REGISTRY_NAME string = registry.name

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.properties.loginServer

output AZURE_CONTAINER_REGISTRY_MANAGED_IDENTITY_ID string = environment_mi.id

output AZURE_CONTAINER_APPS_ENVIRONMENT_NAME string = environment.name

output AZURE_CONTAINER_APPS_ENVIRONMENT_ID string = environment.id

output AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN string = environment.properties.defaultDomain

output AZURE_CONTAINER_APPS_ENVIRONMENT_STATIC_IP string = environment.properties.staticIp

output MLFLOW_TRACKING_URI string = 'https://mlflow.${environment.properties.defaultDomain}'

// Every module is given one.
@description('The region, which the settings of logs have from their services.')
#disable-next-line no-unused-params
param location string = resourceGroup().location

@description('The Log Analytics workspace that all logs go to.')
param workspaceId string

@description('The environment of the container app.')
param environmentName string

@description('The PostgreSQL flexible server.')
param postgresName string

@description('The storage account whose logs are kept; empty when that is for somebody else to say.')
param storageName string = ''

@description('The key vault whose logs are kept; empty when that is for somebody else to say.')
param vaultName string = ''

@description('The container registry whose logs are kept; empty when that is for somebody else to say.')
param registryName string = ''

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' existing = {
  name: environmentName
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: postgresName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = if (!empty(storageName)) {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' existing = if (!empty(storageName)) {
  parent: storage
  name: 'default'
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = if (!empty(vaultName)) {
  name: vaultName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = if (!empty(registryName)) {
  name: registryName
}

resource environmentLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

resource postgresLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: postgres
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'PostgreSQLLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(storageName)) {
  name: 'to-workspace'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(vaultName)) {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

resource registryLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(registryName)) {
  name: 'to-workspace'
  scope: registry
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

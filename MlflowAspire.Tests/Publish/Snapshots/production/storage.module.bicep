@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param mlflow_identity_outputs_principalid string

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: take('storage${uniqueString(resourceGroup().id)}', 24)
  kind: 'StorageV2'
  location: location
  sku: {
    name: 'Standard_ZRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    supportsHttpsTrafficOnly: true
    defaultToOAuthAuthentication: true
    isHnsEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
    }
    publicNetworkAccess: 'Disabled'
  }
  tags: {
    'aspire-resource-name': 'storage'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  name: 'default'
  properties: {
    changeFeed: {
      enabled: true
      retentionInDays: 31
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 31
    }
    deleteRetentionPolicy: {
      enabled: true
      days: 31
    }
    isVersioningEnabled: true
    restorePolicy: {
      enabled: true
      days: 30
    }
  }
  parent: storage
}

resource artifacts 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  name: 'mlflow'
  parent: blobs
}

resource mlflow_backups 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  name: 'mlflow-backups'
  parent: blobs
  dependsOn: [
    artifacts
  ]
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          enabled: true
          name: 'remove-previous-versions'
          type: 'Lifecycle'
          definition: {
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: 30
                }
              }
            }
            filters: {
              blobTypes: [
                'blockBlob'
              ]
            }
          }
        }
        {
          enabled: true
          name: 'remove-backups'
          type: 'Lifecycle'
          definition: {
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: 90
                }
              }
            }
            filters: {
              prefixMatch: [
                'mlflow-backups/'
              ]
              blobTypes: [
                'blockBlob'
              ]
            }
          }
        }
      ]
    }
  }
  parent: storage
  dependsOn: [
    artifacts
    mlflow_backups
  ]
}

resource artifacts_StorageBlobDataContributor 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(artifacts.id, mlflow_identity_outputs_principalid, subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'))
  properties: {
    principalId: mlflow_identity_outputs_principalid
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
    principalType: 'ServicePrincipal'
  }
  scope: artifacts
}

resource mlflow_backups_StorageBlobDataContributor 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(mlflow_backups.id, mlflow_identity_outputs_principalid, subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'))
  properties: {
    principalId: mlflow_identity_outputs_principalid
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
    principalType: 'ServicePrincipal'
  }
  scope: mlflow_backups
}

output blobEndpoint string = storage.properties.primaryEndpoints.blob

output dataLakeEndpoint string = storage.properties.primaryEndpoints.dfs

output queueEndpoint string = storage.properties.primaryEndpoints.queue

output tableEndpoint string = storage.properties.primaryEndpoints.table

output name string = storage.name

output id string = storage.id

output blobHost string = '${storage.name}.blob.${az.environment().suffixes.storage}'

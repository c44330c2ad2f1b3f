@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: take('workspace-${uniqueString(resourceGroup().id)}', 63)
  location: location
  properties: {
    retentionInDays: 30
    sku: {
      name: 'PerGB2018'
    }
  }
  tags: {
    'aspire-resource-name': 'workspace'
  }
}

output logAnalyticsWorkspaceId string = workspace.id

output name string = workspace.name

@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param mlflow_identity_outputs_principalid string

param mlflow_identity_outputs_principalname string

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: take('postgres-${uniqueString(resourceGroup().id)}', 63)
  location: location
  properties: {
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
    }
    backup: {
      backupRetentionDays: 30
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: 'ZoneRedundant'
    }
    maintenanceWindow: {
      customWindow: 'Enabled'
      startHour: 2
      startMinute: 0
      dayOfWeek: 0
    }
    network: {
      publicNetworkAccess: 'Disabled'
    }
    storage: {
      storageSizeGB: 128
      autoGrow: 'Disabled'
    }
    version: '17'
  }
  sku: {
    name: 'Standard_D2ds_v5'
    tier: 'GeneralPurpose'
  }
  tags: {
    'aspire-resource-name': 'postgres'
  }
}

resource mlflow_db 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  name: 'mlflow'
  parent: postgres
}

resource mlflow_auth_db 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  name: 'mlflow_auth'
  parent: postgres
  dependsOn: [
    mlflow_db
  ]
}

resource postgres_admin 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  name: mlflow_identity_outputs_principalid
  properties: {
    principalName: mlflow_identity_outputs_principalname
    principalType: 'ServicePrincipal'
  }
  parent: postgres
  dependsOn: [
    mlflow_auth_db
  ]
}

output connectionString string = 'Host=${postgres.properties.fullyQualifiedDomainName}'

output name string = postgres.name

output id string = postgres.id

output hostName string = postgres.properties.fullyQualifiedDomainName

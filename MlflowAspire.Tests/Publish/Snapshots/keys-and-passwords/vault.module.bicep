@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

@secure()
param mlflow_flask_secret_key_value string

@secure()
param mlflow_kek_passphrase_value string

@secure()
param mlflow_webhook_key_value string

@secure()
param mlflow_admin_password_value string

@secure()
param postgres_password_value string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: take('vault-${uniqueString(resourceGroup().id)}', 24)
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableSoftDelete: true
    enableRbacAuthorization: true
    enablePurgeProtection: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
    }
    publicNetworkAccess: 'Disabled'
  }
  tags: {
    'aspire-resource-name': 'vault'
  }
}

@onlyIfNotExists()
resource secret_mlflow_flask_secret_key_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-flask-secret-key-v1'
  properties: {
    value: mlflow_flask_secret_key_value
    contentType: 'text/plain'
  }
  parent: vault
}

@onlyIfNotExists()
resource secret_mlflow_kek_passphrase_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-kek-passphrase-v1'
  properties: {
    value: mlflow_kek_passphrase_value
    contentType: 'text/plain'
  }
  parent: vault
}

@onlyIfNotExists()
resource secret_mlflow_webhook_key_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-webhook-key-v1'
  properties: {
    value: mlflow_webhook_key_value
    contentType: 'text/plain'
  }
  parent: vault
}

@onlyIfNotExists()
resource secret_mlflow_admin_password_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-admin-password-v1'
  properties: {
    value: mlflow_admin_password_value
    contentType: 'text/plain'
  }
  parent: vault
}

resource secret_postgres_password 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'postgres-password'
  properties: {
    value: postgres_password_value
    contentType: 'text/plain'
  }
  parent: vault
}

output vaultUri string = vault.properties.vaultUri

output name string = vault.name

output id string = vault.id

@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

@secure()
param mlflow_flask_secret_key_value string

@secure()
param mlflow_kek_passphrase_value string

@secure()
param mlflow_webhook_key_value string

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

resource secret_mlflow_flask_secret_key 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-flask-secret-key'
  properties: {
    value: mlflow_flask_secret_key_value
  }
  parent: vault
}

resource secret_mlflow_kek_passphrase 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-kek-passphrase'
  properties: {
    value: mlflow_kek_passphrase_value
  }
  parent: vault
}

resource secret_mlflow_webhook_key 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  name: 'mlflow-webhook-key'
  properties: {
    value: mlflow_webhook_key_value
  }
  parent: vault
}

output vaultUri string = vault.properties.vaultUri

output name string = vault.name

output id string = vault.id

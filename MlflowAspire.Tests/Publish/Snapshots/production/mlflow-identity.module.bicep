@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

resource mlflow_identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: take('mlflow_identity-${uniqueString(resourceGroup().id)}', 128)
  location: location
}

output id string = mlflow_identity.id

output clientId string = mlflow_identity.properties.clientId

output principalId string = mlflow_identity.properties.principalId

output principalName string = mlflow_identity.name

output name string = mlflow_identity.name

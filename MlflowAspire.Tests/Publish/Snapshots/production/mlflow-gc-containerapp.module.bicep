@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param environment_outputs_azure_container_apps_environment_default_domain string

param environment_outputs_azure_container_apps_environment_id string

param mlflow_gc_containerimage string

param mlflow_identity_outputs_id string

param postgres_outputs_hostname string

param mlflow_identity_outputs_principalname string

param storage_outputs_blobhost string

param mlflow_identity_outputs_clientid string

param environment_outputs_azure_container_registry_endpoint string

param environment_outputs_azure_container_registry_managed_identity_id string

resource mlflow_gc 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-gc'
  location: location
  properties: {
    configuration: {
      triggerType: 'Schedule'
      replicaTimeout: 7200
      replicaRetryLimit: 0
      scheduleTriggerConfig: {
        cronExpression: '0 3 * * *'
        replicaCompletionCount: 1
        parallelism: 1
      }
      registries: [
        {
          server: environment_outputs_azure_container_registry_endpoint
          identity: environment_outputs_azure_container_registry_managed_identity_id
        }
      ]
      identitySettings: [
        {
          identity: environment_outputs_azure_container_registry_managed_identity_id
          lifecycle: 'None'
        }
      ]
    }
    environmentId: environment_outputs_azure_container_apps_environment_id
    template: {
      containers: [
        {
          image: mlflow_gc_containerimage
          name: 'mlflow-gc'
          args: [
            'gc'
            '--older-than'
            '30d'
          ]
          env: [
            {
              name: 'MLFLOW_BACKEND_STORE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'PGUSER'
              value: mlflow_identity_outputs_principalname
            }
            {
              name: 'MLFLOW_ARTIFACTS_DESTINATION'
              value: 'wasbs://mlflow@${storage_outputs_blobhost}'
            }
            {
              name: 'AZURE_CLIENT_ID'
              value: mlflow_identity_outputs_clientid
            }
            {
              name: 'AZURE_TOKEN_CREDENTIALS'
              value: 'ManagedIdentityCredential'
            }
          ]
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
        }
      ]
    }
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${mlflow_identity_outputs_id}': { }
      '${environment_outputs_azure_container_registry_managed_identity_id}': { }
    }
  }
}

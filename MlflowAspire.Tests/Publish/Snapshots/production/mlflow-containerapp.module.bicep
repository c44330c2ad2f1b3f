@description('The location for the resource(s) to be deployed.')
param location string = resourceGroup().location

param environment_outputs_azure_container_apps_environment_default_domain string

param environment_outputs_azure_container_apps_environment_id string

param mlflow_containerimage string

param mlflow_identity_outputs_id string

param vault_outputs_name string

param postgres_outputs_hostname string

param mlflow_identity_outputs_principalname string

param storage_outputs_blobhost string

param insights_outputs_appinsightsconnectionstring string

param mlflow_identity_outputs_clientid string

param monitoring_alerts_outputs_operatorsid string

param environment_outputs_azure_container_registry_endpoint string

param environment_outputs_azure_container_registry_managed_identity_id string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vault_outputs_name
}

resource vault_mlflow_flask_secret_key_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  name: 'mlflow-flask-secret-key-v1'
  parent: vault
}

resource vault_mlflow_kek_passphrase_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  name: 'mlflow-kek-passphrase-v1'
  parent: vault
}

resource vault_mlflow_webhook_key_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  name: 'mlflow-webhook-key-v1'
  parent: vault
}

resource vault_mlflow_admin_password_v1 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  name: 'mlflow-admin-password-v1'
  parent: vault
}

resource mlflow 'Microsoft.App/containerApps@2025-07-01' = {
  name: 'mlflow'
  location: location
  properties: {
    configuration: {
      secrets: [
        {
          name: 'mlflow-flask-server-secret-key'
          identity: mlflow_identity_outputs_id
          keyVaultUrl: vault_mlflow_flask_secret_key_v1.properties.secretUri
        }
        {
          name: 'mlflow-crypto-kek-passphrase'
          identity: mlflow_identity_outputs_id
          keyVaultUrl: vault_mlflow_kek_passphrase_v1.properties.secretUri
        }
        {
          name: 'mlflow-webhook-secret-encryption-key'
          identity: mlflow_identity_outputs_id
          keyVaultUrl: vault_mlflow_webhook_key_v1.properties.secretUri
        }
        {
          name: 'mlflow-auth-admin-password'
          identity: mlflow_identity_outputs_id
          keyVaultUrl: vault_mlflow_admin_password_v1.properties.secretUri
        }
      ]
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 5000
        transport: 'http'
        allowInsecure: false
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
      initContainers: [
        {
          image: mlflow_containerimage
          name: 'mlflow-migrate'
          args: [
            'migrate'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_BACKUP_DESTINATION'
              value: 'wasbs://mlflow-backups@${storage_outputs_blobhost}'
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
      containers: [
        {
          probes: [
            {
              failureThreshold: 10
              httpGet: {
                path: '/health'
                port: 5000
                scheme: 'HTTP'
              }
              periodSeconds: 12
              timeoutSeconds: 5
              type: 'Startup'
            }
            {
              failureThreshold: 6
              httpGet: {
                path: '/health'
                port: 5000
                scheme: 'HTTP'
              }
              periodSeconds: 10
              timeoutSeconds: 5
              type: 'Liveness'
            }
            {
              failureThreshold: 3
              httpGet: {
                path: '/ready'
                port: 5001
                scheme: 'HTTP'
              }
              periodSeconds: 10
              timeoutSeconds: 5
              type: 'Readiness'
            }
          ]
          image: mlflow_containerimage
          name: 'mlflow'
          env: [
            {
              name: 'MLFLOW_DISABLE_TELEMETRY'
              value: 'true'
            }
            {
              name: 'MLFLOW_FLASK_SERVER_SECRET_KEY'
              secretRef: 'mlflow-flask-server-secret-key'
            }
            {
              name: 'MLFLOW_CRYPTO_KEK_PASSPHRASE'
              secretRef: 'mlflow-crypto-kek-passphrase'
            }
            {
              name: 'MLFLOW_CRYPTO_KEK_VERSION'
              value: '1'
            }
            {
              name: 'MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY'
              secretRef: 'mlflow-webhook-secret-encryption-key'
            }
            {
              name: 'MLFLOW_SERVER_ALLOWED_HOSTS'
              value: 'mlflow,mlflow:*,${'mlflow.${environment_outputs_azure_container_apps_environment_default_domain}'},${'mlflow.${environment_outputs_azure_container_apps_environment_default_domain}'}:*'
            }
            {
              name: 'MLFLOW_SERVER_CORS_ALLOWED_ORIGINS'
              value: 'https://${'mlflow.${environment_outputs_azure_container_apps_environment_default_domain}'}'
            }
            {
              name: 'MLFLOW_WORKERS'
              value: '1'
            }
            {
              name: 'MLFLOW_SERVER_ENABLE_JOB_EXECUTION'
              value: 'false'
            }
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
              name: 'MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS'
              value: '30'
            }
            {
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_AUTH_ADMIN_USERNAME'
              value: 'admin'
            }
            {
              name: 'MLFLOW_AUTH_ADMIN_PASSWORD'
              secretRef: 'mlflow-auth-admin-password'
            }
            {
              name: 'MLFLOW_AUTH_DEFAULT_PERMISSION'
              value: 'READ'
            }
            {
              name: 'MLFLOW_AUTH_CACHE_TTL_SECONDS'
              value: '60'
            }
            {
              name: 'MLFLOW_OPENTELEMETRY'
              value: 'true'
            }
            {
              name: 'MLFLOW_BACKUP_DESTINATION'
              value: 'wasbs://mlflow-backups@${storage_outputs_blobhost}'
            }
            {
              name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
              value: insights_outputs_appinsightsconnectionstring
            }
            {
              name: 'MLFLOW_READINESS_PORT'
              value: '5001'
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
            cpu: 1
            memory: '2Gi'
          }
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
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

resource mlflow_auth 'Microsoft.App/containerApps/authConfigs@2025-07-01' = {
  name: 'current'
  properties: {
    platform: {
      enabled: false
    }
  }
  parent: mlflow
}

resource mlflow_check 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-check'
  location: location
  properties: {
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 600
      replicaRetryLimit: 0
      manualTriggerConfig: {
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
          image: mlflow_containerimage
          name: 'mlflow-check'
          args: [
            'check'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_BACKUP_DESTINATION'
              value: 'wasbs://mlflow-backups@${storage_outputs_blobhost}'
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

resource mlflow_users 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-users'
  location: location
  properties: {
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 600
      replicaRetryLimit: 0
      manualTriggerConfig: {
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
          image: mlflow_containerimage
          name: 'mlflow-users'
          args: [
            'users'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
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

resource mlflow_reset_admin 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-reset-admin'
  location: location
  properties: {
    configuration: {
      secrets: [
        {
          name: 'mlflow-auth-admin-password'
          identity: mlflow_identity_outputs_id
          keyVaultUrl: vault_mlflow_admin_password_v1.properties.secretUri
        }
      ]
      triggerType: 'Manual'
      replicaTimeout: 600
      replicaRetryLimit: 0
      manualTriggerConfig: {
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
          image: mlflow_containerimage
          name: 'mlflow-reset-admin'
          args: [
            'reset-admin'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_AUTH_ADMIN_USERNAME'
              value: 'admin'
            }
            {
              name: 'MLFLOW_AUTH_ADMIN_PASSWORD'
              secretRef: 'mlflow-auth-admin-password'
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

resource mlflow_backup 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-backup'
  location: location
  properties: {
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 43200
      replicaRetryLimit: 0
      manualTriggerConfig: {
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
          image: mlflow_containerimage
          name: 'mlflow-backup'
          args: [
            'backup'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_BACKUP_DESTINATION'
              value: 'wasbs://mlflow-backups@${storage_outputs_blobhost}'
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

resource mlflow_restore 'Microsoft.App/jobs@2025-07-01' = {
  name: 'mlflow-restore'
  location: location
  properties: {
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 43200
      replicaRetryLimit: 0
      manualTriggerConfig: {
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
          image: mlflow_containerimage
          name: 'mlflow-restore'
          args: [
            'restore'
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
              name: 'MLFLOW_APP_NAME'
              value: 'basic-auth'
            }
            {
              name: 'MLFLOW_AUTH_DATABASE_URI'
              value: 'postgresql+psycopg2://${postgres_outputs_hostname}:5432/mlflow_auth?sslmode=verify-full&sslrootcert=system&plugin=entra'
            }
            {
              name: 'MLFLOW_BACKUP_DESTINATION'
              value: 'wasbs://mlflow-backups@${storage_outputs_blobhost}'
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

resource mlflow_replicas 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'mlflow-no-replica'
  location: 'global'
  properties: {
    description: 'No replica of the server runs.'
    severity: 0
    enabled: true
    scopes: [
      mlflow.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'replicas'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'Replicas'
          timeAggregation: 'Maximum'
          operator: 'LessThan'
          threshold: 1
        }
      ]
    }
    actions: [
      {
        actionGroupId: monitoring_alerts_outputs_operatorsid
      }
    ]
  }
}

output MLFLOW_TRACKING_URI string = 'https://${mlflow.properties.configuration.ingress.fqdn}'

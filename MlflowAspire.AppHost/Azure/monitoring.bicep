@description('The region of the workbook and of the alerts that query logs.')
param location string = resourceGroup().location

@description('The name of the container app.')
param appName string

@description('The address of MLflow, for the workbook.')
param trackingUri string

@description('The Log Analytics workspace that all logs go to.')
param workspaceId string

@description('The PostgreSQL flexible server.')
param postgresName string

@description('The storage account.')
param storageName string

@description('The key vault.')
param vaultName string

@description('The container registry.')
param registryName string

@description('Who gets the alerts.')
param alertEmail string

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' existing = {
  name: postgresName
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' existing = {
  parent: storage
  name: 'default'
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

// The logs of the container apps reach the workspace through their environment.

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

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
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

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
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

resource registryLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
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

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${appName}-operators'
  location: 'global'
  properties: {
    groupShortName: 'mlflow'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

var metricAlertRules = [
  {
    name: 'postgres-down'
    description: 'PostgreSQL does not answer.'
    severity: 0
    scope: postgres.id
    metric: 'is_db_alive'
    aggregation: 'Maximum'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'postgres-cpu'
    description: 'PostgreSQL has used more than 80 % of its processors for 15 minutes.'
    severity: 2
    scope: postgres.id
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 80
  }
  {
    name: 'postgres-storage'
    description: 'PostgreSQL has used more than 80 % of its storage.'
    severity: 1
    scope: postgres.id
    metric: 'storage_percent'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 80
  }
  {
    name: 'postgres-connections'
    description: 'PostgreSQL has refused connections: too many, or sign-ins that fail.'
    severity: 2
    scope: postgres.id
    metric: 'connections_failed'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 10
  }
  {
    name: 'storage-availability'
    description: 'Less than 99 % of the requests to the storage account succeeded.'
    severity: 1
    scope: storage.id
    metric: 'Availability'
    aggregation: 'Average'
    operator: 'LessThan'
    threshold: 99
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for rule in metricAlertRules: {
  name: '${appName}-${rule.name}'
  location: 'global'
  properties: {
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [
      rule.scope
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: rule.metric
          criterionType: 'StaticThresholdCriterion'
          metricName: rule.metric
          timeAggregation: rule.aggregation
          operator: rule.operator
          threshold: rule.threshold
        }
      ]
    }
    actions: [
      {
        actionGroupId: operators.id
      }
    ]
  }
}]

// The app is deployed after this module, and alerts on metrics need their target: these query the logs.
var systemEvents = 'ContainerAppSystemLogs_CL | where ContainerAppName_s == "${appName}"'
var requests = 'AppRequests | where AppRoleName == "mlflow"'
var errorRate = '${requests} | summarize Requests = count(), Errors = countif(toint(ResultCode) >= 500) | where Requests >= 20 and Errors * 20 > Requests'

var logAlertRules = [
  {
    name: 'app-down'
    description: 'Probes have failed in more than 4 of 15 minutes: the server or its database does not answer.'
    severity: 0
    query: '${systemEvents} | where Reason_s == "ProbeFailed" | summarize by bin(TimeGenerated, 1m)'
    threshold: 4
  }
  {
    name: 'app-restarting'
    description: 'Containers of the server have ended again and again.'
    severity: 1
    query: '${systemEvents} | where Reason_s in ("ContainerTerminated", "ContainerBackOff", "Error")'
    threshold: 3
  }
  {
    name: 'server-errors'
    description: 'More than 5 % of at least 20 requests have failed in the server.'
    severity: 1
    query: errorRate
    threshold: 0
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in logAlertRules: {
  name: '${appName}-${rule.name}'
  location: location
  kind: 'LogAlert'
  properties: {
    displayName: '${appName}-${rule.name}'
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    // The tables come into being with the first logs.
    skipQueryValidation: true
    actions: {
      actionGroups: [
        operators.id
      ]
    }
  }
}]

var workbookCharts = [
  {
    title: 'Requests and errors'
    query: '${requests} | summarize Requests = count(), Errors = countif(toint(ResultCode) >= 500) by bin(TimeGenerated, 5m)'
  }
  {
    title: 'Duration of requests in ms: half and 95 % of them take at most'
    query: '${requests} | summarize percentiles(DurationMs, 50, 95) by bin(TimeGenerated, 5m)'
  }
  {
    title: 'Failed probes and restarts'
    query: '${systemEvents} | where Reason_s in ("ProbeFailed", "ContainerTerminated", "ContainerBackOff", "Error") | summarize count() by Reason_s, bin(TimeGenerated, 5m)'
  }
  {
    title: 'PostgreSQL: CPU and storage in %'
    query: 'AzureMetrics | where ResourceProvider == "MICROSOFT.DBFORPOSTGRESQL" | where MetricName in ("cpu_percent", "storage_percent") | summarize avg(Average) by MetricName, bin(TimeGenerated, 5m)'
  }
  {
    title: 'Storage: requests by result'
    query: 'StorageBlobLogs | summarize count() by StatusText, bin(TimeGenerated, 5m)'
  }
]

var workbookItems = [for chart in workbookCharts: {
  type: 3
  content: {
    version: 'KqlItem/1.0'
    title: chart.title
    query: chart.query
    size: 0
    timeContextFromParameter: 'period'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    visualization: 'timechart'
  }
}]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, appName, 'workbook')
  location: location
  kind: 'shared'
  properties: {
    displayName: 'MLflow'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([
        {
          type: 1
          content: {
            json: '# MLflow\n${trackingUri}'
          }
        }
        {
          type: 9
          content: {
            version: 'KqlParameterItem/1.0'
            parameters: [
              {
                name: 'period'
                label: 'Period'
                type: 4
                isRequired: true
                value: {
                  durationMs: 86400000
                }
                typeSettings: {
                  selectableValues: [
                    {
                      durationMs: 3600000
                    }
                    {
                      durationMs: 86400000
                    }
                    {
                      durationMs: 604800000
                    }
                  ]
                }
              }
            ]
          }
        }
      ], workbookItems)
      fallbackResourceIds: [
        workspaceId
      ]
    })
  }
}

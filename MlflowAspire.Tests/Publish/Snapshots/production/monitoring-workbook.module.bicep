@description('The region of the workbook.')
param location string = resourceGroup().location

@description('The name of the container app.')
param appName string

@description('The address of MLflow.')
param trackingUri string

@description('The Log Analytics workspace that all logs go to.')
param workspaceId string

@description('The Application Insights that the server sends its requests to; empty when it sends none.')
param insightsId string = ''

@description('The storage account whose logs are in the workspace; empty when there is none.')
param storageName string = ''

var systemEvents = 'ContainerAppSystemLogs | where ContainerAppName in ("${appName}", "${appName}-periodic")'
var metrics = 'AppMetrics | where AppRoleName == "mlflow"'
var requests = '${metrics} and Name == "mlflow.server.request.duration"'
var failed = 'toint(tostring(Properties["http.response.status_code"])) >= 500'
var route = 'strcat(tostring(Properties["http.request.method"]), " ", tostring(Properties["http.route"]))'

var requestCharts = empty(insightsId) ? [] : [
  {
    title: 'Requests and errors'
    query: '${requests} | summarize Requests = sum(ItemCount), Errors = sumif(ItemCount, ${failed}) by bin(TimeGenerated, 5m)'
  }
  {
    // Of the requests whose traces are there, each for as many as its ItemCount says.
    title: 'Duration of requests in ms: half and 95 % of them take at most'
    query: 'AppRequests | where AppRoleName == "mlflow" | summarize percentilesw(DurationMs, ItemCount, 50, 95) by bin(TimeGenerated, 5m)'
  }
  {
    title: 'Routes: time that the server has spent on them, in s'
    query: '${requests} | summarize Seconds = sum(Sum) by Route = ${route}, bin(TimeGenerated, 5m)'
  }
  {
    title: 'Connections to the database that calls use'
    query: '${metrics} and Name == "db.client.connection.count" and tostring(Properties["db.client.connection.state"]) == "used" | summarize max(Max) by AppRoleInstance, bin(TimeGenerated, 5m)'
  }
  {
    title: 'Jobs by status'
    query: '${metrics} and Name == "mlflow.jobs" | summarize Jobs = max(Max) by Job = tostring(Properties["mlflow.job.name"]), Status = tostring(Properties["mlflow.job.status"]), bin(TimeGenerated, 5m) | summarize sum(Jobs) by Status, TimeGenerated'
  }
]

var eventCharts = [
  {
    title: 'Failed probes and restarts'
    query: '${systemEvents} | where Reason in ("ProbeFailed", "ContainerTerminated", "ContainerBackOff", "Error") | summarize count() by Reason, bin(TimeGenerated, 5m)'
  }
  {
    title: 'PostgreSQL: CPU and storage in %'
    query: 'AzureMetrics | where ResourceProvider == "MICROSOFT.DBFORPOSTGRESQL" | where MetricName in ("cpu_percent", "storage_percent") | summarize avg(Average) by MetricName, bin(TimeGenerated, 5m)'
  }
]

var storageCharts = empty(storageName) ? [] : [
  {
    title: 'Storage: requests by result'
    query: 'StorageBlobLogs | summarize count() by StatusText, bin(TimeGenerated, 5m)'
  }
]

var workbookItems = [for chart in concat(requestCharts, eventCharts, storageCharts): {
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

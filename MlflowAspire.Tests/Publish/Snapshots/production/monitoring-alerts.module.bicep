@description('The region of the alerts that query logs.')
param location string = resourceGroup().location

@description('The name of the container app.')
param appName string

@description('Who gets the alerts.')
param alertEmail string

@description('The Log Analytics workspace that all logs go to.')
param workspaceId string

@description('The PostgreSQL flexible server.')
param postgresName string

@description('The id of the storage account of the artifacts; empty when they are elsewhere.')
param storageId string = ''

@description('The Application Insights that the server sends its requests to; empty when it sends none.')
param insightsId string = ''

@description('The address that is asked from the internet whether MLflow answers; empty when the internet does not reach it.')
param webTestUri string = ''

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: postgresName
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

var webTestPlaces = [for place in ['emea-nl-ams-azr', 'emea-gb-db3-azr', 'us-va-ash-azr', 'us-ca-sjc-azr', 'apac-sg-sin-azr']: {
  Id: place
}]

var metricAlertRules = [
  {
    name: 'postgres-down'
    description: 'PostgreSQL has not answered for 5 minutes.'
    severity: 0
    frequency: 'PT1M'
    window: 'PT5M'
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
    frequency: 'PT5M'
    window: 'PT15M'
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
    frequency: 'PT5M'
    window: 'PT15M'
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
    frequency: 'PT5M'
    window: 'PT15M'
    scope: postgres.id
    metric: 'connections_failed'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 10
  }
]

var storageAlertRules = empty(storageId) ? [] : [
  {
    name: 'storage-availability'
    description: 'Less than 99 % of the requests to the storage account succeeded.'
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    scope: storageId
    metric: 'Availability'
    aggregation: 'Average'
    operator: 'LessThan'
    threshold: 99
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for rule in concat(metricAlertRules, storageAlertRules): {
  name: '${appName}-${rule.name}'
  location: 'global'
  properties: {
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [
      rule.scope
    ]
    evaluationFrequency: rule.frequency
    windowSize: rule.window
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

// A public address is asked from five places; the other end of the certificate's life is noticed as well.
resource webTest 'Microsoft.Insights/webtests@2022-06-15' = if (!empty(webTestUri)) {
  name: '${appName}-reachable'
  location: location
  kind: 'standard'
  tags: {
    'hidden-link:${insightsId}': 'Resource'
  }
  properties: {
    SyntheticMonitorId: '${appName}-reachable'
    Name: '${appName}-reachable'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: webTestPlaces
    Request: {
      RequestUrl: '${webTestUri}/health'
      HttpVerb: 'GET'
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource reachable 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(webTestUri)) {
  name: '${appName}-unreachable'
  location: 'global'
  properties: {
    description: 'The server does not answer on its public address, or its certificate ends within a week.'
    severity: 0
    enabled: true
    scopes: [
      webTest.id
      insightsId
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: webTest.id
      componentId: insightsId
      failedLocationCount: 3
    }
    actions: [
      {
        actionGroupId: operators.id
      }
    ]
  }
}

// The app is deployed after this module, and alerts on metrics need their target: these query the logs.
var systemEvents = 'ContainerAppSystemLogs | where ContainerAppName in ("${appName}", "${appName}-periodic")'
var jobEvents = 'ContainerAppSystemLogs | where JobName startswith "${appName}-"'
// All requests: of their traces Application Insights gets some.
var requests = 'AppMetrics | where AppRoleName == "mlflow" and Name == "mlflow.server.request.duration"'
var failed = 'toint(tostring(Properties["http.response.status_code"])) >= 500'
var errorRate = '${requests} | summarize Requests = sum(ItemCount), Errors = sumif(ItemCount, ${failed}) | where Requests >= 20 and Errors * 20 > Requests'

var logAlertRules = [
  {
    name: 'app-down'
    description: 'Probes have failed in more than 4 of 15 minutes: the server or its database does not answer.'
    severity: 0
    query: '${systemEvents} | where Reason == "ProbeFailed" | summarize by bin(TimeGenerated, 1m)'
    threshold: 4
  }
  {
    name: 'app-restarting'
    description: 'Containers of the server have ended again and again.'
    severity: 1
    query: '${systemEvents} | where Reason in ("ContainerTerminated", "ContainerBackOff", "Error")'
    threshold: 3
  }
  {
    name: 'job-failed'
    description: 'A job, such as the collection of garbage or a backup, has failed or has taken too long.'
    severity: 2
    query: '${jobEvents} | where Reason in ("BackoffLimitExceeded", "DeadlineExceeded")'
    threshold: 0
  }
]

// Without the server's telemetry there is nothing that it could count.
var requestAlertRules = empty(insightsId) ? [] : [
  {
    name: 'server-errors'
    description: 'More than 5 % of at least 20 requests have failed in the server.'
    severity: 1
    query: errorRate
    threshold: 0
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in concat(logAlertRules, requestAlertRules): {
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

@description('Who is told of alerts.')
output operatorsId string = operators.id

using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed partial class MonitoringTests
{
    private const string MetricAlert = "Microsoft.Insights/metricAlerts";
    private const string LogAlert = "Microsoft.Insights/scheduledQueryRules";

    [BicepFact]
    public async Task Services_log_to_the_workspace()
    {
        var deployment = await Deployment.GetAsync();
        var workspace = deployment.Only("Microsoft.OperationalInsights/workspaces").Id;

        var logs = deployment.All("Microsoft.Insights/diagnosticSettings");
        Assert.Equal(
            ["blobServices", "flexibleServers", "managedEnvironments", "registries", "vaults"],
            logs.Select(log => log.Id.Split("/providers/Microsoft.Insights/")[0].Split('/')[^2]).Order(StringComparer.Ordinal));
        Assert.All(logs, log => Assert.Equal((workspace, "true"), (log["properties.workspaceId"], log["properties.logs[0].enabled"])));
    }

    [BicepFact]
    public async Task Alerts_reach_the_address_of_the_parameter()
    {
        var deployment = await Deployment.GetAsync();
        var operators = deployment.Only("Microsoft.Insights/actionGroups");

        Assert.Equal("operators@example.com", operators["properties.emailReceivers[0].emailAddress"]);
        Assert.All(deployment.All(MetricAlert), alert => Assert.Equal(operators.Id, alert["properties.actions[0].actionGroupId"]));
        Assert.All(deployment.All(LogAlert), alert => Assert.Equal(operators.Id, alert["properties.actions.actionGroups[0]"]));
    }

    /// <summary>The names in the table of docs/azure-operation.md; one that is shortened there (<c>-cpu</c>) begins as the first of its line.</summary>
    [BicepFact]
    public async Task Alerts_are_those_of_the_documentation()
    {
        var documented = File.ReadLines(Path.Combine(Repository.Root, "docs", "azure-operation.md"))
            .SkipWhile(line => line != "| alert | when |").Skip(2).TakeWhile(line => line.StartsWith('|'))
            .SelectMany(line =>
            {
                var names = AlertName().Matches(line.Split('|')[1]).Select(match => match.Groups["name"].Value).ToList();
                return names.Select(name => name.StartsWith('-') ? names[0][..names[0].LastIndexOf('-')] + name : name);
            });

        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis");
        Assert.Equal(documented.Order(StringComparer.Ordinal), deployment.All(MetricAlert).Concat(deployment.All(LogAlert)).Select(alert => alert.Name)
            .Order(StringComparer.Ordinal));
    }

    [BicepTheory]
    [InlineData("mlflow-no-replica", "Replicas", "LessThan", "1")]
    [InlineData("mlflow-postgres-down", "is_db_alive", "LessThan", "1")]
    public async Task A_server_without_a_replica_and_a_database_that_is_down_are_told_within_five_minutes(string name, string metric, string comparison,
        string threshold)
    {
        var alert = (await Deployment.GetAsync()).Only(MetricAlert, name);

        Assert.Equal(("PT1M", "PT5M"), (alert["properties.evaluationFrequency"], alert["properties.windowSize"]));
        Assert.Equal(
            (metric, comparison, threshold),
            (alert["properties.criteria.allOf[0].metricName"], alert["properties.criteria.allOf[0].operator"],
                alert["properties.criteria.allOf[0].threshold"]));
    }

    /// <summary>The app of the periodic jobs has no address that could be asked, and nobody else does its work.</summary>
    [BicepFact]
    public async Task The_app_of_the_periodic_jobs_is_watched_like_the_server()
    {
        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis");

        var (server, periodic) = (deployment.Only(MetricAlert, "mlflow-no-replica"), deployment.Only(MetricAlert, "mlflow-periodic-no-replica"));
        Assert.Equal(deployment.Only("Microsoft.App/containerApps", "mlflow-periodic").Id, periodic["properties.scopes[0]"]);
        Assert.Equal(server.List("properties.criteria.allOf")[0].ToJsonString(), periodic.List("properties.criteria.allOf")[0].ToJsonString());
        Assert.All(
            ["mlflow-app-down", "mlflow-app-restarting"],
            name => Assert.Contains("ContainerAppName in (\"mlflow\", \"mlflow-periodic\")", QueryOf(deployment, name), StringComparison.Ordinal));
    }

    /// <summary>The names as Container Apps writes them in its system logs: see the issues 986 and 1809 of microsoft/azure-container-apps.</summary>
    [BicepFact]
    public async Task A_job_that_fails_or_does_not_end_is_told()
    {
        var deployment = await Deployment.GetAsync();

        var query = QueryOf(deployment, "mlflow-job-failed");
        Assert.Contains("JobName startswith \"mlflow-\"", query, StringComparison.Ordinal);
        Assert.All(deployment.All("Microsoft.App/jobs"), job => Assert.StartsWith("mlflow-", job.Name, StringComparison.Ordinal));
        Assert.Equal(["BackoffLimitExceeded", "DeadlineExceeded"], ReasonName().Matches(query.Split("Reason in")[1])
            .Select(match => match.Groups["name"].Value));
    }

    [BicepFact]
    public async Task Queries_compile()
    {
        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis");

        var workbook = deployment.Only("Microsoft.Insights/workbooks")["properties.serializedData"]!;
        var charts = WorkbookQuery().Matches(workbook).Select(match => match.Groups["query"].Value).ToList();
        Assert.True(charts.Count >= 8, "The queries of the workbook have not been found.");
        Assert.Empty(await QueryLanguage.ProblemsAsync([.. deployment.All(LogAlert).Select(alert => QueryOf(deployment, alert.Name)), .. charts]));
    }

    /// <summary>By the names that the image's source has, those of jobs and connections included.</summary>
    [BicepFact]
    public async Task Queries_ask_for_metrics_that_the_server_sends()
    {
        var deployment = await Deployment.GetAsync("Jobs=true", "Replicas=3", "JobQueue=redis");
        var server = Path.Combine(Repository.Root, "images", "mlflow", "src", "mlflow_aspire", "server");
        var source = string.Concat(Directory.EnumerateFiles(server, "*.py").Select(File.ReadAllText));

        var queries = deployment.Only("Microsoft.Insights/workbooks")["properties.serializedData"]! + QueryOf(deployment, "mlflow-server-errors");
        var asked = MetricOfQuery().Matches(queries)
            .Select(match => match.Groups["name"].Value).ToHashSet();

        Assert.Contains("mlflow.server.request.duration", asked);
        Assert.All(asked, name => Assert.Contains($"\"{name}\"", source, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Queries_that_do_not_compile_are_found()
    {
        (string Query, string Problem)[] faults =
        [
            ("AppRequests | where ResultCod == '200'", "'ResultCod' does not refer to any known column"),
            ("AppRequests | were ResultCode == '200'", "Query operator expected"),
            ("Requests | take 1", "'Requests' does not refer to any known table"),
        ];

        // One process, which takes a second to read the compiler.
        var lines = await QueryLanguage.ProblemsAsync([.. faults.Select(fault => fault.Query)]);

        Assert.All(faults, fault => Assert.Contains(
            lines, line => line.Contains(fault.Problem, StringComparison.Ordinal) && line.EndsWith(fault.Query, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(true, "OpenTelemetry=true")]
    [InlineData(false, "OpenTelemetry=false")]
    [InlineData(false, "Ingress=internal")]
    [InlineData(false, "AllowedAddresses=203.0.113.0/24")]
    public async Task The_address_is_asked_from_the_internet_where_the_internet_reaches_it(bool isAsked, string setting)
    {
        var parameters = (await PublishedApp.GetAsync(setting)).Manifest["monitoring-alerts"]!["params"]!.AsObject();

        Assert.Equal(isAsked ? "{environment.outputs.MLFLOW_TRACKING_URI}" : null, (string?)parameters["webTestUri"]);
    }

    [BicepTheory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public async Task Server_sends_its_telemetry_to_application_insights_unless_it_is_switched_off(string setting, bool sends)
    {
        var deployment = await Deployment.GetAsync($"OpenTelemetry={setting}");
        var components = deployment.All("Microsoft.Insights/components");

        var environment = deployment.Only("Microsoft.App/containerApps").Containers.Last().Environment;
        Assert.Equal(sends ? "true" : null, environment.GetValueOrDefault("MLFLOW_OPENTELEMETRY")?.Value);
        Assert.Equal(
            components.Select(component => $"[reference('{component.Id}', '{component["apiVersion"]}').ConnectionString]").SingleOrDefault(),
            environment.GetValueOrDefault("APPLICATIONINSIGHTS_CONNECTION_STRING")?.Value);
        Assert.Equal(
            sends ? [deployment.Only("Microsoft.OperationalInsights/workspaces").Id] : [],
            components.Select(component => component["properties.WorkspaceResourceId"]));
    }

    private static string QueryOf(Deployment deployment, string alert) => deployment.Only(LogAlert, alert)["properties.criteria.allOf[0].query"]!;

    [GeneratedRegex("`(?<name>[a-z-]+)`")]
    private static partial Regex AlertName();

    [GeneratedRegex("\"(?<name>[A-Za-z]+)\"")]
    private static partial Regex ReasonName();

    [GeneratedRegex("and Name == \"(?<name>[a-z._]+)\"")]
    private static partial Regex MetricOfQuery();

    [GeneratedRegex("'query', '(?<query>[^']*)'")]
    private static partial Regex WorkbookQuery();
}

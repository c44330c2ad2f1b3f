namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class MonitoringTests
{
    [Fact]
    public async Task Services_log_to_the_workspace()
    {
        var app = await PublishedApp.GetAsync();

        var logs = app.Resources.Where(resource => resource.Type == "Microsoft.Insights/diagnosticSettings").ToList();
        Assert.Equal(["blobs", "environment", "postgres", "registry", "vault"], logs.Select(log => log["scope"]).Order());
        Assert.All(logs, log => Assert.Equal(("workspaceId", "true"), (log["properties.workspaceId"], log["properties.logs[0].enabled"])));
    }

    [Fact]
    public async Task Alerts_reach_the_address_of_the_parameter()
    {
        var app = await PublishedApp.GetAsync();

        Assert.Equal("alertEmail", app.Only("Microsoft.Insights/actionGroups")["properties.emailReceivers[0].emailAddress"]);
        Assert.Equal("{alert-email.value}", (string?)app.Manifest["monitoring"]!["params"]!["alertEmail"]);
        Assert.All(
            app.Resources.Where(resource => resource.Type == "Microsoft.Insights/metricAlerts"),
            alert => Assert.Equal(alert.Module == "monitoring" ? "operators.id" : "monitoring_outputs_operatorsid", alert["properties.actions[0].actionGroupId"]));
        Assert.Equal("operators.id", app.Only("Microsoft.Insights/scheduledQueryRules")["properties.actions.actionGroups[0]"]);
        Assert.All(
            ["postgres-down", "postgres-cpu", "postgres-storage", "postgres-connections", "storage-availability", "app-down", "app-restarting", "job-failed", "server-errors"],
            name => Assert.Contains($"    name: '{name}'\n", app.Files["monitoring.module.bicep"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_without_a_replica_and_a_database_that_is_down_are_told_within_five_minutes()
    {
        var app = await PublishedApp.GetAsync();
        var alert = app.Resources.Single(resource => resource.Symbol == "mlflow_replicas");

        Assert.Equal(("mlflow.id", "'PT1M'", "'PT5M'"), (alert["properties.scopes[0]"], alert["properties.evaluationFrequency"], alert["properties.windowSize"]));
        Assert.Equal(
            ("'Replicas'", "'LessThan'", "1"),
            (alert["properties.criteria.allOf[0].metricName"], alert["properties.criteria.allOf[0].operator"], alert["properties.criteria.allOf[0].threshold"]));
        Assert.Matches(@"name: 'postgres-down'\n.*\n.*\n    frequency: 'PT1M'\n    window: 'PT5M'\n", app.Files["monitoring.module.bicep"]);
    }

    [Theory]
    [InlineData(true, "OpenTelemetry=true")]
    [InlineData(false, "OpenTelemetry=false")]
    [InlineData(false, "Ingress=internal")]
    [InlineData(false, "AllowedAddresses=203.0.113.0/24")]
    public async Task The_address_is_asked_from_the_internet_where_the_internet_reaches_it(bool isAsked, string setting)
    {
        var parameters = (await PublishedApp.GetAsync(setting)).Manifest["monitoring"]!["params"]!.AsObject();

        Assert.Equal(isAsked ? "{environment.outputs.MLFLOW_TRACKING_URI}" : null, (string?)parameters["webTestUri"]);
    }

    [Fact]
    public async Task Parameters_of_the_template_are_those_that_it_gets()
    {
        var app = await PublishedApp.GetAsync();

        var declared = app.Files["monitoring.module.bicep"].Split('\n').Where(line => line.StartsWith("param ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]);
        // azd and Aspire add the location to every module.
        Assert.Equal(app.Manifest["monitoring"]!["params"]!.AsObject().Select(parameter => parameter.Key).Append("location").Order(), declared.Order());
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public async Task Server_sends_its_telemetry_to_application_insights_unless_it_is_switched_off(string setting, bool sends)
    {
        var app = await PublishedApp.GetAsync($"OpenTelemetry={setting}");

        var environment = BicepContainer.Of(app.Only("Microsoft.App/containerApps")).Last().Environment;
        Assert.Equal(sends ? "'true'" : null, environment.GetValueOrDefault("MLFLOW_OPENTELEMETRY")?.Value);
        Assert.Equal(sends ? "insights_outputs_appinsightsconnectionstring" : null, environment.GetValueOrDefault("APPLICATIONINSIGHTS_CONNECTION_STRING")?.Value);
        Assert.Equal(
            sends ? ["workspace_outputs_loganalyticsworkspaceid"] : [],
            app.Resources.Where(resource => resource.Type == "Microsoft.Insights/components").Select(component => component["properties.WorkspaceResourceId"]));
    }
}

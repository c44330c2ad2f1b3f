namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class EnvironmentTests
{
    private const string Environment = "Microsoft.App/managedEnvironments";

    [Theory]
    [InlineData("external", "false", "'Enabled'")]
    [InlineData("internal", "true", "'Disabled'")]
    public async Task Environment_is_in_its_subnet_and_as_public_as_the_setting_says(string ingress, string isInternal, string access)
    {
        var environment = (await PublishedApp.GetAsync($"Ingress={ingress}")).Only(Environment);

        Assert.Equal("network_outputs_aca_infra_subnet_id", environment["properties.vnetConfiguration.infrastructureSubnetId"]);
        Assert.Equal((isInternal, access), (environment["properties.vnetConfiguration.internal"], environment["properties.publicNetworkAccess"]));
        Assert.Equal("'Consumption'", environment["properties.workloadProfiles[0].workloadProfileType"]);
        Assert.Equal("'azure-monitor'", environment["properties.appLogsConfiguration.destination"]);
    }

    [Fact]
    public async Task Names_of_an_internal_environment_lead_to_its_address_in_the_network()
    {
        var app = await PublishedApp.GetAsync("Ingress=internal");
        var dns = app.Resources.Where(resource => resource.Module == "environment-dns").ToDictionary(resource => resource.Symbol);

        Assert.Equal("defaultDomain", dns["zone"]["name"]);
        Assert.Equal(("'*'", "staticAddress"), (dns["apps"]["name"], dns["apps"]["properties.aRecords[0].ipv4Address"]));
        Assert.Equal(("private_endpoints_vault_pe_outputs_networkid", "false"), (dns["link"]["properties.virtualNetwork.id"], dns["link"]["properties.registrationEnabled"]));
        Assert.Equal("{environment.outputs.AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN}", (string?)app.Manifest["environment-dns"]!["params"]!["defaultDomain"]);
        Assert.Equal("{environment.outputs.AZURE_CONTAINER_APPS_ENVIRONMENT_STATIC_IP}", (string?)app.Manifest["environment-dns"]!["params"]!["staticAddress"]);
    }

    [Theory]
    [InlineData("production", "true", "'Standard'", "90")]
    [InlineData("development", "false", "'Basic'", "30")]
    public async Task Profile_sets_zones_tier_and_retention(string profile, string zones, string tier, string days)
    {
        var app = await PublishedApp.GetAsync($"Profile={profile}");

        Assert.Equal(zones, app.Only(Environment)["properties.zoneRedundant"]);
        Assert.Equal((tier, "false"), (app.Only("Microsoft.ContainerRegistry/registries")["sku.name"], app.Only("Microsoft.ContainerRegistry/registries")["properties.adminUserEnabled"]));
        Assert.Equal(days, app.Only("Microsoft.OperationalInsights/workspaces")["properties.retentionInDays"]);
    }
}

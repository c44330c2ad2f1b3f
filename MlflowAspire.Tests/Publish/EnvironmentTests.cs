namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class EnvironmentTests
{
    private const string Environment = "Microsoft.App/managedEnvironments";

    [BicepTheory]
    [InlineData("external", "false", "Enabled")]
    [InlineData("internal", "true", "Disabled")]
    public async Task Environment_is_in_its_subnet_and_as_public_as_the_setting_says(string ingress, string isInternal, string access)
    {
        var deployment = await Deployment.GetAsync($"Ingress={ingress}");
        var environment = deployment.Only(Environment);

        Assert.Equal(deployment.Only("Microsoft.Network/virtualNetworks/subnets", "aca-infra-subnet").Id,
            environment["properties.vnetConfiguration.infrastructureSubnetId"]);
        Assert.Equal((isInternal, access), (environment["properties.vnetConfiguration.internal"], environment["properties.publicNetworkAccess"]));
        Assert.Equal("Consumption", environment["properties.workloadProfiles[0].workloadProfileType"]);
        Assert.Equal("azure-monitor", environment["properties.appLogsConfiguration.destination"]);
    }

    [BicepFact]
    public async Task Names_of_an_internal_environment_lead_to_its_address_in_the_network()
    {
        var deployment = await Deployment.GetAsync("Ingress=internal");
        var environment = deployment.Only(Environment).Id;
        var (domain, address) = ($"reference('{environment}', '2025-07-01').defaultDomain", $"[reference('{environment}', '2025-07-01').staticIp]");

        Assert.Contains(deployment.All("Microsoft.Network/privateDnsZones"), zone => zone["name"] == $"[{domain}]");
        var record = deployment.Only("Microsoft.Network/privateDnsZones/A");
        Assert.Equal(($"[format('{{0}}/{{1}}', {domain}, '*')]", address), (record["name"], record["properties.aRecords[0].ipv4Address"]));
        var link = Assert
            .Single(deployment.All("Microsoft.Network/privateDnsZones/virtualNetworkLinks"), link => link["name"]!.Contains(domain, StringComparison.Ordinal));
        Assert.Equal((deployment.Only("Microsoft.Network/virtualNetworks").Id, "false"),
            (link["properties.virtualNetwork.id"], link["properties.registrationEnabled"]));
    }

    [BicepTheory]
    [InlineData("production", "true", "Standard", "90")]
    [InlineData("development", "false", "Basic", "30")]
    public async Task Profile_sets_zones_tier_and_retention(string profile, string zones, string tier, string days)
    {
        var deployment = await Deployment.GetAsync($"Profile={profile}");

        Assert.Equal(zones, deployment.Only(Environment)["properties.zoneRedundant"]);
        var registry = deployment.Only("Microsoft.ContainerRegistry/registries");
        Assert.Equal((tier, "false"), (registry["sku.name"], registry["properties.adminUserEnabled"]));
        Assert.Equal(days, deployment.Only("Microsoft.OperationalInsights/workspaces")["properties.retentionInDays"]);
    }
}

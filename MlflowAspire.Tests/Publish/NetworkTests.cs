using System.Globalization;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class NetworkTests
{
    private const string Subnet = "Microsoft.Network/virtualNetworks/subnets";

    [Theory]
    [InlineData("Network:Mode=new")]
    [InlineData("Network:Mode=existing")]
    public async Task Subnets_have_the_guides_names_and_rules_that_bind_private_endpoints(string mode)
    {
        var app = await PublishedApp.GetAsync(mode);
        var subnets = app.Resources.Where(resource => resource.Type == Subnet).ToList();

        Assert.Equal(["'aca-infra-subnet'", "'db-subnet'", "'private-endpoints'"], subnets.Select(subnet => subnet["name"]));
        Assert.All(subnets, subnet =>
        {
            Assert.Equal($"{subnet.Symbol}_nsg_outputs_id", subnet["properties.networkSecurityGroup.id"]);
            Assert.Equal("'NetworkSecurityGroupEnabled'", subnet["properties.privateEndpointNetworkPolicies"]);
        });
    }

    [Theory]
    [InlineData("private-endpoint", null)]
    [InlineData("delegated-subnet", "'Microsoft.DBforPostgreSQL/flexibleServers'")]
    public async Task Database_subnet_is_delegated_to_postgresql_when_the_server_is_in_it(string access, string? service)
    {
        var app = await PublishedApp.GetAsync($"Database:Access={access}");

        var subnet = app.Resources.Single(resource => resource is { Type: Subnet, Symbol: "db_subnet" });
        Assert.Equal(service, subnet["properties.delegations[0].properties.serviceName"]);
    }

    [Fact]
    public async Task Container_apps_are_called_inside_the_network_and_call_https_dns_and_their_stores()
    {
        Assert.Equal(
        [
            "Allow Inbound Tcp VirtualNetwork -> aca:443",
            "Allow Inbound Tcp VirtualNetwork -> aca:31443",
            "Allow Inbound Tcp AzureLoadBalancer -> aca:30000-32767",
            "Allow Inbound * aca -> aca:*",
            "Allow Outbound * aca -> aca:*",
            "Allow Outbound Tcp aca -> db:5432",
            "Allow Outbound Tcp aca -> endpoints:443",
            "Allow Outbound * aca -> VirtualNetwork:53",
            "Allow Outbound Tcp aca -> Internet:443",
            "Deny Inbound * * -> *:*",
            "Deny Outbound * * -> *:*",
        ],
        await RulesAsync("aca-infra-subnet-nsg"));
    }

    [Fact]
    public async Task Database_is_called_by_container_apps_alone_and_calls_nobody() => Assert.Equal(
        ["Allow Inbound Tcp aca -> db:5432", "Deny Inbound * * -> *:*", "Deny Outbound * * -> *:*"],
        await RulesAsync("db-subnet-nsg"));

    [Fact]
    public async Task Database_server_in_the_subnet_calls_its_standby_storage_and_entra() => Assert.Equal(
        [
            "Allow Inbound Tcp aca -> db:5432",
            "Allow Inbound Tcp db -> db:5432",
            "Allow Outbound Tcp db -> db:5432",
            "Allow Outbound Tcp db -> Storage:443",
            "Allow Outbound Tcp db -> AzureActiveDirectory:443",
            "Deny Inbound * * -> *:*",
            "Deny Outbound * * -> *:*",
        ],
        await RulesAsync("db-subnet-nsg", "Database:Access=delegated-subnet"));

    [Fact]
    public async Task Private_endpoints_are_called_by_container_apps_alone() => Assert.Equal(
        ["Allow Inbound Tcp aca -> endpoints:443", "Deny Inbound * * -> *:*", "Deny Outbound * * -> *:*"],
        await RulesAsync("private-endpoints-nsg"));

    [Fact]
    public async Task Existing_network_is_found_in_its_resource_group()
    {
        var app = await PublishedApp.GetAsync("Network:Mode=existing");

        Assert.DoesNotContain(app.Resources, resource => resource.Type == "Microsoft.Network/virtualNetworks");
        Assert.Equal("{virtual-network-resource-group.value}", (string?)app.Manifest["network"]!["scope"]!["resourceGroup"]);
        Assert.Equal("{virtual-network-name.value}", (string?)app.Manifest["network"]!["params"]!["virtual_network_name"]);
    }

    [Fact]
    public async Task Private_names_are_resolved_in_the_network()
    {
        var app = await PublishedApp.GetAsync();

        var zones = app.Resources.Where(resource => resource.Type == "Microsoft.Network/privateDnsZones").ToList();
        Assert.All(zones, zone => Assert.Contains(app.Resources, link =>
            link.Type == "Microsoft.Network/privateDnsZones/virtualNetworkLinks" && link.Module == zone.Module && link["properties.virtualNetwork.id"] == "network_outputs_id"));
        var endpoints = app.Resources.Where(resource => resource.Type == "Microsoft.Network/privateEndpoints").ToList();
        Assert.All(endpoints, endpoint => Assert.Contains(app.Resources, group =>
            group.Type == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups" && group["parent"] == endpoint.Symbol));
    }

    /// <summary>The rules in the order in which Azure applies them, allowed ones of both directions first.</summary>
    private static async Task<IEnumerable<string>> RulesAsync(string group, params string[] settings)
    {
        var app = await PublishedApp.GetAsync(settings);
        return app.Resources
            .Where(resource => resource.Module == group && resource.Type == "Microsoft.Network/networkSecurityGroups/securityRules")
            .OrderBy(rule => int.Parse(rule["properties.priority"]!, CultureInfo.InvariantCulture))
            .Select(rule => $"{Text(rule, "access")} {Text(rule, "direction")} {Text(rule, "protocol")} {Text(rule, "sourceAddressPrefix")} -> {Text(rule, "destinationAddressPrefix")}:{Text(rule, "destinationPortRange")}"
                .Replace("10.0.0.0/23", "aca", StringComparison.Ordinal)
                .Replace("10.0.2.0/27", "db", StringComparison.Ordinal)
                .Replace("10.0.2.32/27", "endpoints", StringComparison.Ordinal));
    }

    private static string Text(BicepResource rule, string property) => rule[$"properties.{property}"]!.Trim('\'');
}

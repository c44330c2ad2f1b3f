namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class NetworkTests
{
    private const string Subnet = "Microsoft.Network/virtualNetworks/subnets";

    [BicepTheory]
    [InlineData("Network:Mode=new")]
    [InlineData("Network:Mode=existing")]
    public async Task Subnets_have_rules_that_bind_private_endpoints(string mode)
    {
        var deployment = await (await PublishedApp.GetAsync(mode)).DeployAsync();
        var groups = deployment.All("Microsoft.Network/networkSecurityGroups").Select(group => group.Id).ToHashSet();

        var subnets = deployment.All(Subnet);
        Assert.Equal(3, subnets.Count);
        Assert.All(subnets, subnet =>
        {
            Assert.Contains(subnet["properties.networkSecurityGroup.id"]!, groups);
            Assert.Equal("NetworkSecurityGroupEnabled", subnet["properties.privateEndpointNetworkPolicies"]);
        });
        Assert.Distinct(subnets.Select(subnet => subnet["properties.networkSecurityGroup.id"]));
    }

    [BicepFact]
    public async Task Subnets_have_the_guides_names_and_in_an_existing_network_those_of_the_deployment()
    {
        Assert.Equal(["aca-infra-subnet", "db-subnet", "private-endpoints"], await NamesAsync("Network:Mode=new"));

        var names = await NamesAsync("Network:Mode=existing");
        Assert.All(names, name => Assert.Matches("^(aca-infra-subnet|db-subnet|private-endpoints)-[a-z0-9]{13}$", name));
        Assert.Single(names.Select(name => name.Split('-')[^1]).Distinct());

        static async Task<IReadOnlyList<string>> NamesAsync(string mode) =>
            [.. (await (await PublishedApp.GetAsync(mode)).DeployAsync()).All(Subnet).Select(subnet => subnet.Name).Order()];
    }

    [BicepTheory]
    [InlineData("private-endpoint", null)]
    [InlineData("delegated-subnet", "Microsoft.DBforPostgreSQL/flexibleServers")]
    public async Task Database_subnet_is_delegated_to_postgresql_when_the_server_is_in_it(string access, string? service)
    {
        var subnet = (await Deployment.GetAsync($"Database:Access={access}")).Only(Subnet, "db-subnet");
        Assert.Equal(service, subnet["properties.delegations[0].properties.serviceName"]);
    }

    [BicepFact]
    public async Task Existing_network_is_found_in_its_resource_group()
    {
        var app = await PublishedApp.GetAsync("Network:Mode=existing");

        Assert.Empty((await app.DeployAsync()).All("Microsoft.Network/virtualNetworks"));
        Assert.Equal("{virtual-network-resource-group.value}", (string?)app.Manifest["network"]!["scope"]!["resourceGroup"]);
        Assert.Equal("{virtual-network-name.value}", (string?)app.Manifest["network"]!["params"]!["virtual_network_name"]);
    }

    [BicepTheory]
    [InlineData("Ingress=internal")]
    [InlineData("Network:Mode=existing")]
    [InlineData("Database:Access=delegated-subnet")]
    public async Task Private_names_are_resolved_in_the_network(string setting)
    {
        var deployment = await (await PublishedApp.GetAsync(setting)).DeployAsync();
        var network = deployment.All(Subnet)[0].Id.Split("/subnets/")[0];

        var zones = deployment.All("Microsoft.Network/privateDnsZones");
        var links = deployment.All("Microsoft.Network/privateDnsZones/virtualNetworkLinks");
        Assert.Equal(zones.Count, links.Count);
        Assert.All(links, link => Assert.Equal((network, "false"), (link["properties.virtualNetwork.id"], link["properties.registrationEnabled"])));
        var endpoints = deployment.All("Microsoft.Network/privateEndpoints");
        Assert.All(endpoints, endpoint => Assert.Contains(
            deployment.All("Microsoft.Network/privateEndpoints/privateDnsZoneGroups"),
            group => group.Id.StartsWith($"{endpoint.Id}/", StringComparison.Ordinal)));
    }
}

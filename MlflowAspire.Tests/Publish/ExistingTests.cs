using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>What exists in Azure is used as it is: it is not deployed, and all that MLflow needs leads to it.</summary>
[Trait("Category", "Publish")]
public sealed class ExistingTests
{
    private const string Resources = "existing-resources";

    [BicepFact]
    public async Task Existing_resources_are_not_deployed()
    {
        var types = (await Variants.DeployAsync(Resources)).Resources.Select(resource => resource.Type).ToList();

        Assert.DoesNotContain("Microsoft.KeyVault/vaults", types);
        Assert.DoesNotContain("Microsoft.ContainerRegistry/registries", types);
        Assert.DoesNotContain("Microsoft.OperationalInsights/workspaces", types);
        Assert.DoesNotContain("Microsoft.Storage/storageAccounts", types);
        Assert.DoesNotContain("Microsoft.Storage/storageAccounts/blobServices", types);
    }

    [BicepFact]
    public async Task Roles_endpoints_containers_and_logs_lead_to_them()
    {
        var deployment = await Variants.DeployAsync(Resources);

        Assert.All(
            deployment.All("Microsoft.Storage/storageAccounts/blobServices/containers"),
            container => Assert.Equal("stplatform", container.Id.Split("/storageAccounts/")[1].Split('/')[0]));
        Assert.All(
            deployment.Containers.Select(container => container.Environment.GetValueOrDefault("MLFLOW_ARTIFACTS_DESTINATION")?.Value).OfType<string>(),
            destination => Assert.Contains("/teams/vision", destination, StringComparison.Ordinal));
        var targets = deployment.All("Microsoft.Network/privateEndpoints")
            .Select(endpoint => endpoint["properties.privateLinkServiceConnections[0].properties.privateLinkServiceId"]!).ToList();
        Assert.Contains(targets, target =>
            target.EndsWith("/resourceGroups/rg-platform/providers/Microsoft.KeyVault/vaults/kv-platform", StringComparison.Ordinal));
        Assert.Contains(targets, target => target.EndsWith("/providers/Microsoft.Storage/storageAccounts/stplatform", StringComparison.Ordinal));

        var roles = deployment.All("Microsoft.Authorization/roleAssignments");
        Assert.Equal(["AcrPull", "Key Vault Secrets User", "Storage Blob Data Contributor"], roles.Select(IdentityTests.NameOf).Distinct().Order());
        Assert.Contains(roles, role => role.Id.Contains("kv-platform", StringComparison.Ordinal));
        Assert.Contains(roles, role => role.Id.Contains("crplatform", StringComparison.Ordinal));
        Assert.Contains(roles, role => role.Id.Contains("stplatform", StringComparison.Ordinal));

        Assert.All(deployment.All("Microsoft.KeyVault/vaults/secrets"), secret => Assert.Contains("/vaults/kv-platform/", secret.Id, StringComparison.Ordinal));
        var logs = deployment.All("Microsoft.Insights/diagnosticSettings");
        Assert.NotEmpty(logs);
        Assert.All(logs, setting => Assert.EndsWith("/workspaces/log-platform", setting["properties.workspaceId"], StringComparison.Ordinal));
        // What is logged of existing resources is for their owners to say.
        Assert.DoesNotContain(logs, setting => setting.Id.Contains("platform", StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Existing_subnets_are_used_by_their_names()
    {
        var deployment = await Variants.DeployAsync("existing-subnets");

        Assert.Empty(deployment.All("Microsoft.Network/virtualNetworks"));
        Assert.Empty(deployment.All("Microsoft.Network/virtualNetworks/subnets"));
        Assert.Empty(deployment.All("Microsoft.Network/networkSecurityGroups"));
        var environment = deployment.Only("Microsoft.App/managedEnvironments");
        Assert.EndsWith("/subnets/apps", environment["properties.vnetConfiguration.infrastructureSubnetId"], StringComparison.Ordinal);
        Assert.All(deployment.All("Microsoft.Network/privateEndpoints"), endpoint =>
            Assert.Contains(endpoint["properties.subnet.id"]!.Split("/subnets/")[^1].TrimEnd(']', ')', '\''), new[] { "private-endpoints", "db-subnet" }));
    }

    [BicepFact]
    public async Task Endpoints_are_registered_in_existing_zones()
    {
        var deployment = await Variants.DeployAsync("existing-subnets");

        Assert.Empty(deployment.All("Microsoft.Network/privateDnsZones"));
        var groups = deployment.All("Microsoft.Network/privateEndpoints/privateDnsZoneGroups");
        Assert.Equal(3, groups.Count);
        Assert.All(groups, group =>
            Assert.Contains("rg-dns", group["properties.privateDnsZoneConfigs[0].properties.privateDnsZoneId"], StringComparison.Ordinal));
    }

    [BicepFact]
    public async Task Resources_of_the_app_host_take_the_place_of_new_ones()
    {
        var published = await PublishedApp.PublishAsync(builder =>
        {
            var group = builder.AddParameter("platform-group");
            builder.AddMlflow("mlflow")
                .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db"))
                .WithArtifactStore(builder.AddAzureStorage("storage").PublishAsExisting(builder.AddParameter("account"), group).AddBlobContainer("artifacts"))
                .WithBasicAuth()
                .PublishToPrivateNetwork(resources: new()
                {
                    KeyVault = builder.AddAzureKeyVault("platform-vault").PublishAsExisting(builder.AddParameter("vault-name"), group),
                    LogAnalyticsWorkspace = builder.AddAzureLogAnalyticsWorkspace("logs").PublishAsExisting(builder.AddParameter("logs-name"), group),
                    ContainerRegistry = builder.AddAzureContainerRegistry("images").PublishAsExisting(builder.AddParameter("images-name"), group),
                });
        });

        var types = (await published.DeployAsync()).Resources.Select(resource => resource.Type).ToList();
        Assert.DoesNotContain("Microsoft.KeyVault/vaults", types);
        Assert.DoesNotContain("Microsoft.ContainerRegistry/registries", types);
        Assert.DoesNotContain("Microsoft.OperationalInsights/workspaces", types);
        Assert.DoesNotContain("Microsoft.Storage/storageAccounts", types);
        Assert.Equal("{platform-group.value}", (string?)published.Manifest["platform-vault"]!["scope"]!["resourceGroup"]);
    }

    [BicepFact]
    public async Task Operators_reach_the_database_and_the_endpoints_from_their_ranges()
    {
        var rules = (await Variants.DeployAsync("operators-ranges")).Resources
            .SelectMany(resource => resource.Type == "Microsoft.Network/networkSecurityGroups" ? resource.List("properties.securityRules") : [])
            .Select(rule => rule["properties"]!)
            .Where(rule => (string?)rule["sourceAddressPrefix"] is "10.9.0.0/24" or "192.168.7.0/24")
            .Select(rule => $"{rule["direction"]} {rule["access"]} {rule["sourceAddressPrefix"]} -> "
                + $"{rule["destinationAddressPrefix"]}:{rule["destinationPortRange"] ?? rule["destinationPortRanges"]![0]}");

        Assert.Equal(
            [
                "Inbound Allow 10.9.0.0/24 -> 10.0.2.0/27:5432", "Inbound Allow 10.9.0.0/24 -> 10.0.2.32/27:443",
                "Inbound Allow 192.168.7.0/24 -> 10.0.2.0/27:5432", "Inbound Allow 192.168.7.0/24 -> 10.0.2.32/27:443",
            ],
            rules.Order());
    }
}

using System.Globalization;
using Aspire.Hosting;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class StorageTests
{
    private const string Account = "Microsoft.Storage/storageAccounts";

    [BicepFact]
    public async Task Another_artifact_store_has_no_account_no_endpoint_and_no_role()
    {
        var published = await PublishedApp.PublishAsync(builder => builder.AddMlflow("mlflow")
            .WithBackendStore(builder.AddAzurePostgresFlexibleServer("postgres").AddDatabase("mlflow-db", "mlflow"))
            .WithS3ArtifactStore("artifacts")
            .WithBasicAuth()
            .PublishToPrivateNetwork());
        var deployment = await published.DeployAsync();

        Assert.Equal("s3://artifacts", deployment.Only("Microsoft.App/containerApps").Containers.Last().Environment["MLFLOW_ARTIFACTS_DESTINATION"].Value);
        Assert.All(
            deployment.Resources,
            resource => Assert.All(
                resource.Values, value => Assert.DoesNotContain("Microsoft.Storage", $"{resource.Type} {value.Value}", StringComparison.Ordinal)));
        Assert.DoesNotContain(deployment.All("Microsoft.Network/privateDnsZones"), zone => zone.Name.Contains("blob", StringComparison.Ordinal));
        Assert.DoesNotContain(
            deployment.All("Microsoft.Insights/metricAlerts"), alert => alert.Name.Contains("storage-availability", StringComparison.Ordinal));
        Assert.DoesNotContain(
            await deployment.DiagnosticsAsync(), diagnostic => diagnostic.Level == "Error" || diagnostic.Code.StartsWith("BCP", StringComparison.Ordinal));
    }

    [BicepTheory]
    [InlineData("Profile=production")]
    [InlineData("Profile=development")]
    [InlineData("Storage:Authentication=access-key")]
    public async Task Account_has_no_public_network_and_no_public_blobs(string setting)
    {
        var deployment = await Deployment.GetAsync(setting);

        var account = deployment.Only(Account);
        Assert.Equal("Disabled", account["properties.publicNetworkAccess"]);
        Assert.Equal(("Deny", "None"), (account["properties.networkAcls.defaultAction"], account["properties.networkAcls.bypass"]));
        Assert.Equal("false", account["properties.allowBlobPublicAccess"]);
        Assert.Equal("false", account["properties.allowCrossTenantReplication"]);
        Assert.Equal(("true", "TLS1_2"), (account["properties.supportsHttpsTrafficOnly"], account["properties.minimumTlsVersion"]));

        var endpoint = deployment.EndpointOf(account);
        Assert.Equal(deployment.Only("Microsoft.Network/virtualNetworks/subnets", "private-endpoints").Id, endpoint["properties.subnet.id"]);
        Assert.Equal("blob", endpoint["properties.privateLinkServiceConnections[0].properties.groupIds[0]"]);
    }

    [BicepFact]
    public async Task Account_takes_identities_and_no_keys()
    {
        var deployment = await Deployment.GetAsync();

        Assert.Equal(
            ("false", "true"),
            (deployment.Only(Account)["properties.allowSharedKeyAccess"], deployment.Only(Account)["properties.defaultToOAuthAuthentication"]));
        Assert.All(
            deployment.Resources.SelectMany(resource => resource.Values.Values), value => Assert.DoesNotContain("listKeys(", value, StringComparison.Ordinal));
        Assert.All(
            deployment.Containers.SelectMany(container => container.Environment.Keys),
            name => Assert.DoesNotContain("AZURE_STORAGE_", name, StringComparison.Ordinal));
    }

    [BicepTheory]
    [InlineData("key1", 0)]
    [InlineData("key2", 1)]
    public async Task Access_key_is_read_from_the_vault(string key, int index)
    {
        var deployment = await Deployment.GetAsync("Storage:Authentication=access-key", $"Storage:AccessKey={key}");
        var account = deployment.Only(Account);

        Assert.Equal("true", account["properties.allowSharedKeyAccess"]);
        var secret = deployment.Only("Microsoft.KeyVault/vaults/secrets", "storage-access-key");
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"[listKeys('{account.Id}', '{account["apiVersion"]}').keys[{index}].value]"),
            secret["properties.value"]);
        foreach (var container in deployment.Containers.Where(container => container.Name is "mlflow" or "mlflow-gc"))
        {
            var name = container.Environment["AZURE_STORAGE_ACCESS_KEY"].Secret;
            var reference = Assert.Single(container.Resource.List("properties.configuration.secrets"), reference => (string?)reference["name"] == name);
            Assert.Contains($"'{secret.Id}'", (string)reference["keyVaultUrl"]!, StringComparison.Ordinal);
        }
    }

    [BicepTheory]
    [InlineData("RetentionDays=7", "7", "8")]
    [InlineData("RetentionDays=35", "35", "36")]
    public async Task Blobs_can_be_restored_for_as_long_as_the_database(string setting, string days, string dayLonger)
    {
        var deployment = await Deployment.GetAsync(setting);

        Assert.Equal(days, deployment.Only("Microsoft.DBforPostgreSQL/flexibleServers")["properties.backup.backupRetentionDays"]);
        var blobs = deployment.Only($"{Account}/blobServices");
        Assert.Equal(("true", days), (blobs["properties.restorePolicy.enabled"], blobs["properties.restorePolicy.days"]));
        Assert.Equal(("true", dayLonger), (blobs["properties.deleteRetentionPolicy.enabled"], blobs["properties.deleteRetentionPolicy.days"]));
        Assert.Equal(
            ("true", dayLonger), (blobs["properties.containerDeleteRetentionPolicy.enabled"], blobs["properties.containerDeleteRetentionPolicy.days"]));
        Assert.Equal(("true", dayLonger), (blobs["properties.changeFeed.enabled"], blobs["properties.changeFeed.retentionInDays"]));
        Assert.Equal("true", blobs["properties.isVersioningEnabled"]);
        Assert.Equal(
            days,
            deployment.Only($"{Account}/managementPolicies")["properties.policy.rules[0].definition.actions.version.delete.daysAfterCreationGreaterThan"]);
    }

    [BicepTheory]
    [InlineData("true", "true", "Standard_GZRS")]
    [InlineData("true", "false", "Standard_ZRS")]
    [InlineData("false", "true", "Standard_GRS")]
    [InlineData("false", "false", "Standard_LRS")]
    public async Task Redundancy_is_what_the_settings_say(string zones, string regions, string sku) =>
        Assert.Equal(sku, (await Deployment.GetAsync($"ZoneRedundancy={zones}", $"GeoRedundancy={regions}")).Only(Account)["sku.name"]);
}

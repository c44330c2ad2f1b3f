using System.Globalization;

namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class StorageTests
{
    private const string Account = "Microsoft.Storage/storageAccounts";

    [Theory]
    [InlineData("Profile=production")]
    [InlineData("Profile=development")]
    [InlineData("Storage:Authentication=access-key")]
    public async Task Account_has_no_public_network_and_no_public_blobs(string setting)
    {
        var app = await PublishedApp.GetAsync(setting);

        var account = app.Only(Account);
        Assert.Equal("'Disabled'", account["properties.publicNetworkAccess"]);
        Assert.Equal(("'Deny'", "'None'"), (account["properties.networkAcls.defaultAction"], account["properties.networkAcls.bypass"]));
        Assert.Equal("false", account["properties.allowBlobPublicAccess"]);
        Assert.Equal("false", account["properties.allowCrossTenantReplication"]);
        Assert.Equal(("true", "'TLS1_2'"), (account["properties.supportsHttpsTrafficOnly"], account["properties.minimumTlsVersion"]));

        var endpoint = app.Resources.Single(resource => resource.Symbol == "private_endpoints_storage_blobs_pe");
        Assert.Equal("network_outputs_private_endpoints_id", endpoint["properties.subnet.id"]);
        Assert.Equal("'blob'", endpoint["properties.privateLinkServiceConnections[0].properties.groupIds[0]"]);
    }

    [Fact]
    public async Task Account_takes_identities_and_no_keys()
    {
        var app = await PublishedApp.GetAsync();

        Assert.Equal(("false", "true"), (app.Only(Account)["properties.allowSharedKeyAccess"], app.Only(Account)["properties.defaultToOAuthAuthentication"]));
        Assert.All(app.Files.Values, file => Assert.DoesNotContain("listKeys().keys", file, StringComparison.Ordinal));
        Assert.DoesNotContain("AZURE_STORAGE_", app.Files["manifest.json"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("key1", 0)]
    [InlineData("key2", 1)]
    public async Task Access_key_is_read_from_the_vault(string key, int index)
    {
        var app = await PublishedApp.GetAsync("Storage:Authentication=access-key", $"Storage:AccessKey={key}");

        Assert.Equal("true", app.Only(Account)["properties.allowSharedKeyAccess"]);
        var secret = app.Resources.Single(resource => resource["name"] == "'storage-access-key'");
        Assert.Equal("Microsoft.KeyVault/vaults/secrets", secret.Type);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"storage.listKeys().keys[{index}].value"), secret["properties.value"]);
        foreach (var container in new[] { "mlflow", "mlflow-gc" })
        {
            Assert.Equal("{vault.secrets.storage-access-key}", (string?)app.Manifest[container]!["env"]!["AZURE_STORAGE_ACCESS_KEY"]);
        }
    }

    [Theory]
    [InlineData("RetentionDays=7", "7", "8")]
    [InlineData("RetentionDays=35", "35", "36")]
    public async Task Blobs_can_be_restored_for_as_long_as_the_database(string setting, string days, string dayLonger)
    {
        var app = await PublishedApp.GetAsync(setting);

        Assert.Equal(days, app.Only("Microsoft.DBforPostgreSQL/flexibleServers")["properties.backup.backupRetentionDays"]);
        var blobs = app.Only($"{Account}/blobServices");
        Assert.Equal(("true", days), (blobs["properties.restorePolicy.enabled"], blobs["properties.restorePolicy.days"]));
        Assert.Equal(("true", dayLonger), (blobs["properties.deleteRetentionPolicy.enabled"], blobs["properties.deleteRetentionPolicy.days"]));
        Assert.Equal(("true", dayLonger), (blobs["properties.containerDeleteRetentionPolicy.enabled"], blobs["properties.containerDeleteRetentionPolicy.days"]));
        Assert.Equal(("true", dayLonger), (blobs["properties.changeFeed.enabled"], blobs["properties.changeFeed.retentionInDays"]));
        Assert.Equal("true", blobs["properties.isVersioningEnabled"]);
        Assert.Equal(days, app.Only($"{Account}/managementPolicies")["properties.policy.rules[0].definition.actions.version.delete.daysAfterCreationGreaterThan"]);
    }

    [Theory]
    [InlineData("true", "true", "'Standard_GZRS'")]
    [InlineData("true", "false", "'Standard_ZRS'")]
    [InlineData("false", "true", "'Standard_GRS'")]
    [InlineData("false", "false", "'Standard_LRS'")]
    public async Task Redundancy_is_what_the_settings_say(string zones, string regions, string sku)
    {
        var app = await PublishedApp.GetAsync($"ZoneRedundancy={zones}", $"GeoRedundancy={regions}");

        Assert.Equal(sku, app.Only(Account)["sku.name"]);
    }
}

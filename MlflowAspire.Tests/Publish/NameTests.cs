namespace MlflowAspire.Tests.Publish;

/// <summary>Azure.Provisioning makes the names: another one in a newer version of it would replace what is deployed, and lose what is in it.</summary>
[Trait("Category", "Publish")]
public sealed class NameTests
{
    [Theory]
    [InlineData("Microsoft.App/managedEnvironments", "take('environment${uniqueString(resourceGroup().id)}', 24)")]
    [InlineData("Microsoft.DBforPostgreSQL/flexibleServers", "take('postgres-${uniqueString(resourceGroup().id)}', 63)")]
    [InlineData("Microsoft.Storage/storageAccounts", "take('storage${uniqueString(resourceGroup().id)}', 24)")]
    [InlineData("Microsoft.Storage/storageAccounts/blobServices/containers", "'mlflow'")]
    [InlineData("Microsoft.KeyVault/vaults", "take('vault-${uniqueString(resourceGroup().id)}', 24)")]
    [InlineData("Microsoft.ContainerRegistry/registries", "take('registry${uniqueString(resourceGroup().id)}', 50)")]
    [InlineData("Microsoft.OperationalInsights/workspaces", "take('workspace-${uniqueString(resourceGroup().id)}', 63)")]
    [InlineData("Microsoft.Network/virtualNetworks", "take('network-${uniqueString(resourceGroup().id)}', 64)")]
    public async Task Names_of_what_keeps_data_or_state_stay(string type, string name) => Assert.Equal(name, (await PublishedApp.GetAsync()).Only(type)["name"]);

    [Fact]
    public async Task Names_of_identities_stay() => Assert.Equal(
        ["take('environment_mi-${uniqueString(resourceGroup().id)}', 128)", "take('mlflow_identity-${uniqueString(resourceGroup().id)}', 128)"],
        (await PublishedApp.GetAsync()).Resources.Where(resource => resource.Type == "Microsoft.ManagedIdentity/userAssignedIdentities").Select(identity => identity["name"]).Order(StringComparer.Ordinal));
}

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// Azure.Provisioning makes the names, of a hash of the resource group's id: another one in a newer version of it would replace what is deployed, and lose what
/// is in it.
/// </summary>
[Trait("Category", "Publish")]
public sealed class NameTests
{
    [BicepTheory]
    [InlineData("Microsoft.App/managedEnvironments", "environmentlhbmato3j6jpw")]
    [InlineData("Microsoft.DBforPostgreSQL/flexibleServers", "postgres-lhbmato3j6jpw")]
    [InlineData("Microsoft.Storage/storageAccounts", "storagelhbmato3j6jpw")]
    [InlineData("Microsoft.Storage/storageAccounts/blobServices/containers", "mlflow")]
    [InlineData("Microsoft.KeyVault/vaults", "vault-lhbmato3j6jpw")]
    [InlineData("Microsoft.ContainerRegistry/registries", "registrylhbmato3j6jpw")]
    [InlineData("Microsoft.OperationalInsights/workspaces", "workspace-lhbmato3j6jpw")]
    [InlineData("Microsoft.Network/virtualNetworks", "network-lhbmato3j6jpw")]
    public async Task Names_of_what_keeps_data_or_state_stay(string type, string name) =>
        Assert.Contains(name, (await Deployment.GetAsync()).All(type).Select(resource => resource.Name));

    [BicepFact]
    public async Task Names_of_identities_stay() => Assert.Equal(
        ["environment_mi-lhbmato3j6jpw", "mlflow_identity-lhbmato3j6jpw"],
        (await Deployment.GetAsync()).All("Microsoft.ManagedIdentity/userAssignedIdentities").Select(identity => identity.Name).Order(StringComparer.Ordinal));
}

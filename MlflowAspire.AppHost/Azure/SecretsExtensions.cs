using Aspire.Hosting.Azure;
using Azure.Provisioning.KeyVault;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Adds the key vault that keeps the secrets (guide rows G2 and G7).</summary>
internal static class SecretsExtensions
{
    /// <summary>Adds a vault that only the network reaches; roles say who may read it.</summary>
    public static IResourceBuilder<AzureKeyVaultResource> AddMlflowVault(this IDistributedApplicationBuilder builder, MlflowSettings settings, MlflowNetwork network)
    {
        var vault = builder.AddAzureKeyVault("vault").ConfigureInfrastructure(infrastructure =>
        {
            var properties = infrastructure.GetProvisionableResources().OfType<KeyVaultService>().Single().Properties;
            properties.EnableSoftDelete = true;
            if (settings.Sizes.VaultPurgeProtection)
            {
                // It can be turned on only: false is refused.
                properties.EnablePurgeProtection = true;
            }

            // Azure Resource Manager, which writes the secrets of a deployment, is one of the services that pass by.
            properties.NetworkRuleSet = new() { DefaultAction = KeyVaultNetworkRuleAction.Deny, Bypass = KeyVaultNetworkRuleBypassOption.AzureServices };
        });
        network.PrivateEndpoints.AddPrivateEndpoint(vault);
        return vault;
    }
}

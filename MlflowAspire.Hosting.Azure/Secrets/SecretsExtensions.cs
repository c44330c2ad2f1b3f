using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.KeyVault;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Adds the key vault that keeps the secrets.</summary>
internal static class SecretsExtensions
{
    /// <summary>Adds a vault that only the network reaches; roles say who may read it.</summary>
    public static IResourceBuilder<AzureKeyVaultResource> AddMlflowVault(this IDistributedApplicationBuilder builder, MlflowSettings settings) =>
        builder.AddAzureKeyVault("vault").PublishAsExistingOr(settings.Existing.KeyVault, infrastructure =>
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

    /// <summary>Has PostgreSQL take a user name and a password, which the vault keeps for MLflow.</summary>
    /// <remarks>
    /// Both are asked for and not generated: a server never changes its user name, and another machine would generate another password, for the server at once
    /// and for the apps once they start again.
    /// </remarks>
    public static void WithPassword(this IResourceBuilder<AzurePostgresFlexibleServerResource> postgres, IResourceBuilder<AzureKeyVaultResource> vault)
    {
        var builder = postgres.ApplicationBuilder;
        postgres.WithPasswordAuthentication(
            vault,
            builder.AddParameter("postgres-username").WithDescription("The administrator of PostgreSQL. It cannot be changed later."),
            builder.AddParameter("postgres-password", secret: true)
                .WithDescription("The password of the administrator of PostgreSQL: 8 characters or more of three kinds. "
                    + "The same for every deployment, until you change it."));
        postgres.ConfigureInfrastructure(infrastructure => KeepNoConnectionStrings(infrastructure, $"{vault.Resource.Name}_outputs_name"));
    }

    /// <summary>MLflow takes user name and password by themselves: nobody reads the connection strings.</summary>
    private static void KeepNoConnectionStrings(AzureResourceInfrastructure infrastructure, string vaultName)
    {
        var ofVault = infrastructure.GetProvisionableResources()
            .Where(resource => resource is KeyVaultSecret or KeyVaultService
                || (resource is ProvisioningParameter parameter && parameter.BicepIdentifier == vaultName));
        foreach (var resource in ofVault.ToList())
        {
            infrastructure.Remove(resource);
        }

        infrastructure.AspireResource.Parameters.Remove(vaultName);
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.KeyVault;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Keeps the secrets of the server in a key vault when it is published: the container apps hold references to them, which they read with their identity,
    /// and no values. The identity gets the role Key Vault Secrets User on this vault. It has no effect in a local run.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="vault">The key vault. Resources that refer to it get no roles by default any more.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithKeyVault(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureKeyVaultResource> vault)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(vault);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var server = builder.Resource;
        server.Secrets.KeepIn(vault.GetSecret);
        vault.ConfigureInfrastructure(infrastructure =>
        {
            // Late: the store and its password may be set up after this call.
            server.KeepStorePassword();
            WriteTo(infrastructure, server.Secrets);
            if (!vault.Resource.IsExisting())
            {
                var service = infrastructure.GetProvisionableResources().OfType<KeyVaultService>().Single();
                OperatorRoles.Assign(infrastructure, server, service, service.Id, OperatorRoles.KeyVaultSecretsUser);
            }
        });

        // The tasks of the server run under the same identity: they would get the same role a second time.
        builder.ApplicationBuilder.OnBeforeStart((_, _) => Task.FromResult(vault.KeepDefaultRolesForOthers()));
        return builder.WithRoleAssignments(vault, KeyVaultBuiltInRole.KeyVaultSecretsUser);
    }

    /// <summary>The password of a flexible server is a parameter, which the key vault keeps with the secrets of the server.</summary>
    private static void KeepStorePassword(this MlflowServerResource server)
    {
        if (server.BackendStore is AzurePostgresFlexibleServerDatabaseResource { Parent.Password.ValueProviders: [ParameterResource password] })
        {
            server.Secrets.Add(password);
        }
    }

    private static void WriteTo(AzureResourceInfrastructure infrastructure, MlflowSecrets secrets)
    {
        var vault = infrastructure.GetProvisionableResources().OfType<KeyVaultService>().Single();
        foreach (var (secret, name, isGenerated) in secrets.All)
        {
            var identifier = Infrastructure.NormalizeBicepIdentifier($"secret_{name}");
            if (infrastructure.GetProvisionableResources().OfType<KeyVaultSecret>().Any(other => other.BicepIdentifier == identifier))
            {
                // Servers on one PostgreSQL share its password.
                continue;
            }

            infrastructure.Add(new KeyVaultSecret(identifier)
            {
                Parent = vault,
                Name = name,
                Properties = new()
                {
                    Value = ((IManifestExpressionProvider)secret).AsProvisioningParameter(infrastructure, isSecure: true),
                    ContentType = "text/plain",
                },
                // Another machine generates another value: the first one stays.
                BicepMetadata = { OnlyIfNotExists = isGenerated },
            });
        }
    }
}

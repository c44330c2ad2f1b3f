using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.KeyVault;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps the secrets of the server in a key vault when it is published: the container apps hold references to them, which they read with their identity,
    /// and no values (guide row G7). The identity gets the role Key Vault Secrets User on this vault. It has no effect in a local run.
    /// </summary>
    /// <param name="builder">The MLflow server, with its backend store.</param>
    /// <param name="vault">The key vault. Resources that refer to it get no roles by default any more.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithKeyVault(this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureKeyVaultResource> vault)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(vault);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        if (builder.Resource.BackendStore is AzurePostgresFlexibleServerDatabaseResource { Parent.Password.ValueProviders: [ParameterResource password] })
        {
            builder.Resource.Secrets.Add(password);
        }

        builder.Resource.Secrets.KeepIn(vault);

        // The tasks of the server run under the same identity: they would get the same role a second time.
        vault.ClearDefaultRoleAssignments();
        return builder.WithRoleAssignments(vault, KeyVaultBuiltInRole.KeyVaultSecretsUser);
    }

    /// <summary>
    /// Sets the version of the passphrase of the AI gateway's keys (<c>MLFLOW_CRYPTO_KEK_VERSION</c>, default 1): <c>mlflow crypto rotate-kek</c> encrypts them for the
    /// next version, which then is set together with the new passphrase. With only one of the two, MLflow cannot read the keys.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="version">1 or more.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The version is less than 1.</exception>
    public static IResourceBuilder<MlflowServerResource> WithKekVersion(this IResourceBuilder<MlflowServerResource> builder, int version)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (version < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(version), version, "The version of MLflow's key-encryption passphrase (MLFLOW_CRYPTO_KEK_VERSION) is a number from 1.");
        }

        return builder.WithEnvironment("MLFLOW_CRYPTO_KEK_VERSION", version.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Sets an environment variable of the server to a secret.</summary>
    internal static IResourceBuilder<MlflowServerResource> WithSecret(
        this IResourceBuilder<MlflowServerResource> builder, string variable, IResourceBuilder<ParameterResource> secret)
    {
        var secrets = builder.Resource.Secrets;
        secrets.Add(secret.Resource);
        return builder.WithEnvironment(context => context.EnvironmentVariables[variable] = secrets.ValueOf(secret.Resource));
    }
}

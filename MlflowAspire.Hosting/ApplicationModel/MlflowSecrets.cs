using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.KeyVault;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The secrets of an MLflow server and the key vault that keeps them once they are published.</summary>
internal sealed class MlflowSecrets
{
    // A generated secret has a version, which is known once all calls have been made; one that is asked for has none.
    private readonly Dictionary<ParameterResource, Func<int>?> _versions = [];
    private IResourceBuilder<AzureKeyVaultResource>? _vault;

    /// <summary>Keeps a secret with the others.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="version">The version of it, for one that may be generated.</param>
    public void Add(ParameterResource secret, Func<int>? version = null) => _versions.TryAdd(secret, secret.Default is GenerateParameterDefault ? version : null);

    /// <summary>Keeps all secrets, those that come later as well, in a key vault.</summary>
    public void KeepIn(IResourceBuilder<AzureKeyVaultResource> vault)
    {
        _vault = vault;
        vault.ConfigureInfrastructure(Write);
    }

    /// <summary>The value of an environment variable: the secret in the key vault when it is kept there.</summary>
    public object ValueOf(ParameterResource secret) => _vault is not null && _versions.ContainsKey(secret) ? _vault.GetSecret(NameOf(secret)) : secret;

    private string NameOf(ParameterResource secret) => _versions[secret] is { } version ? FormattableString.Invariant($"{secret.Name}-v{version()}") : secret.Name;

    private void Write(AzureResourceInfrastructure infrastructure)
    {
        var vault = infrastructure.GetProvisionableResources().OfType<KeyVaultService>().Single();
        foreach (var (secret, version) in _versions)
        {
            var name = NameOf(secret);
            infrastructure.Add(new KeyVaultSecret(Infrastructure.NormalizeBicepIdentifier($"secret_{name}"))
            {
                Parent = vault,
                Name = name,
                Properties = new() { Value = ((IManifestExpressionProvider)secret).AsProvisioningParameter(infrastructure, isSecure: true), ContentType = "text/plain" },
                // Another machine generates another value: the first one stays.
                BicepMetadata = { OnlyIfNotExists = version is not null },
            });
        }
    }
}

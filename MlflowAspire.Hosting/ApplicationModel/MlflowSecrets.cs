using Aspire.Hosting.Azure;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The secrets of an MLflow server and the key vault that keeps them once they are published.</summary>
internal sealed class MlflowSecrets
{
    private readonly Dictionary<ParameterResource, IAzureKeyVaultSecretReference?> _secrets = [];
    private IResourceBuilder<AzureKeyVaultResource>? _vault;

    /// <summary>Keeps a secret with the others.</summary>
    public void Add(ParameterResource secret)
    {
        if (!_secrets.ContainsKey(secret))
        {
            _secrets[secret] = _vault is null ? null : Keep(secret, _vault);
        }
    }

    /// <summary>Keeps all secrets, those that come later as well, in a key vault.</summary>
    public void KeepIn(IResourceBuilder<AzureKeyVaultResource> vault)
    {
        _vault = vault;
        foreach (var secret in _secrets.Keys.ToList())
        {
            _secrets[secret] = Keep(secret, vault);
        }
    }

    /// <summary>The value of an environment variable: the secret in the key vault when it is kept there.</summary>
    public object ValueOf(ParameterResource secret) => _secrets.GetValueOrDefault(secret) is { } kept ? kept : secret;

    private static AzureKeyVaultSecretResource Keep(ParameterResource secret, IResourceBuilder<AzureKeyVaultResource> vault) =>
        vault.AddSecret($"{vault.Resource.Name}-{secret.Name}", secret.Name, secret).Resource;
}

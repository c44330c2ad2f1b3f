namespace Aspire.Hosting.ApplicationModel;

/// <summary>The secrets of an MLflow server and what keeps them once they are published.</summary>
internal sealed class MlflowSecrets
{
    // A generated secret has a version, which is known once all calls have been made; one that is asked for has none.
    private readonly Dictionary<ParameterResource, Func<int>?> _versions = [];
    private Func<string, object>? _reference;

    /// <summary>All secrets with their names where they are kept, and whether the value is generated.</summary>
    public IEnumerable<(ParameterResource Secret, string Name, bool IsGenerated)> All =>
        _versions.Select(secret => (secret.Key, NameOf(secret.Key), secret.Value is not null));

    /// <summary>Keeps a secret with the others.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="version">The version of it, for one that may be generated.</param>
    public void Add(ParameterResource secret, Func<int>? version = null) =>
        _versions.TryAdd(secret, secret.Default is GenerateParameterDefault ? version : null);

    /// <summary>Refers to all secrets, those that come later as well, in the place where they are kept.</summary>
    /// <param name="reference">Makes the value of an environment variable from the name of a secret.</param>
    public void KeepIn(Func<string, object> reference) => _reference = reference;

    /// <summary>The value of an environment variable: the reference to the secret where it is kept, else the secret itself.</summary>
    public object ValueOf(ParameterResource secret) => _reference is not null && _versions.ContainsKey(secret) ? _reference(NameOf(secret)) : secret;

    private string NameOf(ParameterResource secret) =>
        _versions[secret] is { } version ? FormattableString.Invariant($"{secret.Name}-v{version()}") : secret.Name;
}

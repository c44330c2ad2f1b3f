using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>
/// The versions of the secrets that are generated, each 1 by default. A published version is made once: the key vault keeps the first value that it is given,
/// so that a deployment from another machine changes nothing. A new value takes a new version.
/// </summary>
[AspireDto]
public sealed record MlflowSecretVersions
{
    /// <summary>
    /// The passphrase of the AI gateway's keys (<c>MLFLOW_CRYPTO_KEK_PASSPHRASE</c>). It is <c>MLFLOW_CRYPTO_KEK_VERSION</c> as well: <c>mlflow crypto
    /// rotate-kek</c> encrypts the keys for the next version, which then is set together with the new passphrase. With only one of the two, MLflow cannot read
    /// the keys.
    /// </summary>
    public int KekPassphrase { get; init; } = 1;

    /// <summary>The key that signs sessions (<c>MLFLOW_FLASK_SERVER_SECRET_KEY</c>).</summary>
    public int FlaskSecretKey { get; init; } = 1;

    /// <summary>The key of the webhooks' secrets (<c>MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY</c>).</summary>
    public int WebhookKey { get; init; } = 1;

    /// <summary>The password of the administrator of basic authentication (<c>MLFLOW_AUTH_ADMIN_PASSWORD</c>).</summary>
    public int AdminPassword { get; init; } = 1;

    /// <summary>The key that signs the sessions of OpenID Connect (<c>SECRET_KEY</c>).</summary>
    public int SessionKey { get; init; } = 1;

    internal IEnumerable<(string Name, int Value)> All =>
    [
        (nameof(KekPassphrase), KekPassphrase), (nameof(FlaskSecretKey), FlaskSecretKey), (nameof(WebhookKey), WebhookKey),
        (nameof(AdminPassword), AdminPassword), (nameof(SessionKey), SessionKey),
    ];
}

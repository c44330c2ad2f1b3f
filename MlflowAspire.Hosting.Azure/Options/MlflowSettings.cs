using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings of section <c>Mlflow</c>, from appsettings.json, the environment (<c>Mlflow__Port</c>) or the command line (<c>--Mlflow:Port</c>).</summary>
internal sealed record MlflowSettings
{
    /// <summary>The port of MLflow on this machine; 0 chooses a free one.</summary>
    public int? Port { get; private init; }

    /// <summary>Worker processes (<c>MLFLOW_WORKERS</c>).</summary>
    public int Workers { get; private init; }

    /// <summary>Whether the server runs jobs (<c>MLFLOW_SERVER_ENABLE_JOB_EXECUTION</c>).</summary>
    public bool Jobs { get; private init; }

    /// <summary>Further names that the server may be called by (<c>MLFLOW_SERVER_ALLOWED_HOSTS</c>), separated by commas.</summary>
    public required string[] AllowedHosts { get; init; }

    /// <summary>How long one upload or download may take, set in seconds (<c>MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT</c>).</summary>
    public TimeSpan ArtifactTimeout { get; private init; }

    /// <summary>Whether the server's own traces, metrics and logs go to the dashboard (default false), or in Azure to Application Insights (default true).</summary>
    public bool OpenTelemetry { get; private init; }

    /// <summary>
    /// The versions of the generated secrets (<c>Mlflow:KekVersion</c>, <c>FlaskKeyVersion</c>, <c>WebhookKeyVersion</c>, <c>AdminPasswordVersion</c>,
    /// <c>SessionKeyVersion</c>, default 1).
    /// </summary>
    public required MlflowSecretVersions SecretVersions { get; init; }

    /// <summary>How users sign in.</summary>
    public required SignInSettings SignIn { get; init; }

    /// <summary>The published server.</summary>
    public required PublishedServerSettings Server { get; init; }

    /// <summary>What a deployment to Azure is for (<c>Mlflow:Profile</c>, default <c>production</c>).</summary>
    public DeploymentProfile Profile { get; private init; }

    /// <summary>The sizes, the redundancy and the retention in Azure.</summary>
    public required ProfileSizes Sizes { get; init; }

    /// <summary>The virtual network in Azure.</summary>
    public required NetworkSettings Network { get; init; }

    /// <summary>PostgreSQL, in Azure unless said otherwise.</summary>
    public required DatabaseSettings Database { get; init; }

    /// <summary>The storage account in Azure.</summary>
    public required StorageSettings Storage { get; init; }

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="configuration">Where they are read from.</param>
    /// <param name="isPublishing">Whether the app host publishes, which changes some defaults.</param>
    /// <exception cref="SettingsException">Settings are wrong or unknown; the message has a line for each.</exception>
    public static MlflowSettings Read(IConfiguration configuration, bool isPublishing)
    {
        var section = new SettingsSection(configuration, "Mlflow");
        var port = section.Integer(nameof(Port), 5000, 0, 65535);
        var workers = section.Integer(nameof(Workers), 1, 1, 64);
        var jobs = section.Boolean(nameof(Jobs), false);
        var profile = section.Choice(nameof(Profile), DeploymentProfile.Production);
        var settings = new MlflowSettings
        {
            Port = port == 0 ? null : port,
            Workers = workers,
            Jobs = jobs,
            AllowedHosts = section.List(nameof(AllowedHosts)),
            ArtifactTimeout = TimeSpan.FromSeconds(section.Integer(nameof(ArtifactTimeout), 300, 1, 86400)),
            SecretVersions = new()
            {
                KekPassphrase = section.Integer("KekVersion", 1, 1, int.MaxValue),
                FlaskSecretKey = section.Integer("FlaskKeyVersion", 1, 1, int.MaxValue),
                WebhookKey = section.Integer("WebhookKeyVersion", 1, 1, int.MaxValue),
                AdminPassword = section.Integer("AdminPasswordVersion", 1, 1, int.MaxValue),
                SessionKey = section.Integer("SessionKeyVersion", 1, 1, int.MaxValue),
            },
            SignIn = SignInSettings.Read(section, isPublishing),
            OpenTelemetry = section.Boolean(nameof(OpenTelemetry), isPublishing),
            Server = PublishedServerSettings.Read(section, jobs),
            Profile = profile,
            Sizes = ProfileSizes.Read(section, profile),
            Network = NetworkSettings.Read(section),
            Database = DatabaseSettings.Read(section, isPublishing),
            Storage = StorageSettings.Read(section),
        };
        settings.RefuseOpenServer(section, isPublishing);
        if (isPublishing)
        {
            DatabaseConnections.Check(section, settings);
        }

        section.ThrowIfWrong();
        return settings;
    }

    /// <summary>A server that everyone on the internet may do everything on is published only when the settings say so.</summary>
    private void RefuseOpenServer(SettingsSection section, bool isPublishing)
    {
        const string key = "AllowAnonymous";
        var isAllowed = section.Boolean(key, false);
        if (isAllowed && SignIn.Mode is not SignInMode.None)
        {
            section.Reject(key, "true", $"false while Mlflow:SignIn is {SignIn.Mode.ToString().ToLowerInvariant()}, which lets nobody in without signing in");
        }
        else if (isPublishing && !isAllowed && SignIn.Mode is SignInMode.None && Server is { Ingress: IngressMode.External, AllowedAddresses: [] })
        {
            section.Reject(
                "SignIn", "none", "basic, oidc or entra while Mlflow:Ingress is external: the internet reaches the server. Mlflow:AllowedAddresses or Mlflow:Ingress restrict who does; "
                + $"Mlflow:{key}=true publishes it all the same, and everyone may read, change and delete everything");
        }
    }
}

using Microsoft.Extensions.Configuration;
using MlflowAspire.AppHost.Azure;
using MlflowAspire.AppHost.SignIn;

namespace MlflowAspire.AppHost;

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

    /// <summary>The version of the passphrase of the AI gateway's keys (<c>MLFLOW_CRYPTO_KEK_VERSION</c>, default 1).</summary>
    public int KekVersion { get; private init; }

    /// <summary>How users sign in.</summary>
    public required SignInSettings SignIn { get; init; }

    /// <summary>Who can reach the server in Azure (<c>Mlflow:Ingress</c>, default <c>external</c>).</summary>
    public IngressMode Ingress { get; private init; }

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
        var workers = section.Integer(nameof(Workers), 2, 1, 64);
        var jobs = section.Boolean(nameof(Jobs), false);
        var profile = section.Choice(nameof(Profile), DeploymentProfile.Production);
        var settings = new MlflowSettings
        {
            Port = port == 0 ? null : port,
            Workers = workers,
            Jobs = jobs,
            AllowedHosts = section.List(nameof(AllowedHosts)),
            ArtifactTimeout = TimeSpan.FromSeconds(section.Integer(nameof(ArtifactTimeout), 300, 1, 86400)),
            KekVersion = section.Integer(nameof(KekVersion), 1, 1, int.MaxValue),
            SignIn = SignInSettings.Read(section, isPublishing),
            OpenTelemetry = section.Boolean(nameof(OpenTelemetry), isPublishing),
            Ingress = section.Choice(nameof(Ingress), IngressMode.External),
            Server = PublishedServerSettings.Read(section, jobs),
            Profile = profile,
            Sizes = ProfileSizes.Read(section, profile),
            Network = NetworkSettings.Read(section),
            Database = DatabaseSettings.Read(section, isPublishing),
            Storage = StorageSettings.Read(section),
        };
        section.ThrowIfWrong();
        return settings;
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The settings of section <c>Mlflow</c>, from appsettings.json, the environment (<c>Mlflow__Port</c>) or the command line (<c>--Mlflow:Port</c>).
/// </summary>
public sealed partial record MlflowSettings
{
    private const string Section = "Mlflow";

    /// <summary>The version of MLflow that is expected (<c>Mlflow:Version</c>): the one that the image is made for. Another is refused.</summary>
    public string Version { get; init; } = MlflowImage.Version;

    /// <summary>The port of MLflow on this machine (<c>Mlflow:Port</c>, default 5000); null, 0 in the configuration, for a free one.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// The address of this machine that MLflow listens at; 0.0.0.0 stands for all of them. None other than the machine itself reaches the default.
    /// </summary>
    public string BindAddress { get; init; } = "127.0.0.1";

    /// <summary>Worker processes (<c>MLFLOW_WORKERS</c>).</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Whether the server runs jobs (<c>MLFLOW_SERVER_ENABLE_JOB_EXECUTION</c>).</summary>
    public bool Jobs { get; init; }

    /// <summary>The cores of the server (<c>Mlflow:Cores</c>), 1 by default and 2 with jobs.</summary>
    public double? Cores { get; init; }

    /// <summary>The memory of the server in GiB (<c>Mlflow:MemoryGiB</c>), 2 by default and 4 with jobs; twice the cores in Azure.</summary>
    public double? MemoryGiB { get; init; }

    /// <summary>Whether the server has the AI gateway (<c>MLFLOW_ENABLE_AI_GATEWAY</c>, default true).</summary>
    public bool AIGateway { get; init; } = true;

    /// <summary>
    /// A file of the certification authorities that server and tasks trust beside the public ones (<c>MLFLOW_CA_CERTIFICATES</c>), below the folder of the app
    /// host or with its full path; none by default.
    /// </summary>
    public string? CACertificates { get; init; }

    /// <summary>
    /// Further names that the server may be called by (<c>MLFLOW_SERVER_ALLOWED_HOSTS</c>); separated by commas in the configuration
    /// (<c>Mlflow:AllowedHosts</c>).
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>
    /// How long one upload to or download from Azure or Google Cloud Storage may take, set in seconds (<c>MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT</c>), -1 for
    /// no limit; MLflow's own default when it is not given.
    /// </summary>
    public TimeSpan? ArtifactTimeout { get; init; }

    /// <summary>
    /// How long one statement of the server may occupy the database, set in seconds (<c>MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS</c>); zero for no limit.
    /// </summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether the server's own traces, metrics and logs go to the dashboard, or in Azure to Application Insights (<c>Mlflow:OpenTelemetry</c>; in the
    /// configuration of what is published true by default).
    /// </summary>
    public bool OpenTelemetry { get; init; }

    /// <summary>
    /// The versions of the generated secrets (<c>Mlflow:KekVersion</c>, <c>FlaskKeyVersion</c>, <c>WebhookKeyVersion</c>, <c>AdminPasswordVersion</c>,
    /// <c>SessionKeyVersion</c>, default 1).
    /// </summary>
    public MlflowSecretVersions SecretVersions { get; init; } = new();

    /// <summary>How users sign in.</summary>
    public SignInSettings SignIn { get; init; } = new();

    /// <summary>Whether a server without sign-in may be published for the whole internet (<c>Mlflow:AllowAnonymous</c>, default false).</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>The published server.</summary>
    public PublishedServerSettings Server { get; init; } = new();

    /// <summary>What a deployment to Azure is for (<c>Mlflow:Profile</c>, default <c>production</c>).</summary>
    public DeploymentProfile Profile { get; init; } = DeploymentProfile.Production;

    /// <summary>
    /// The file with what a deployment keeps for its life (<c>Mlflow:DeployedSettings</c>, default <c>deployed.json</c>), below the folder of the app host.
    /// </summary>
    public string DeployedSettingsFile { get; init; } = DeployedSettings.DefaultFile;

    /// <summary>The sizes, the redundancy and the retention in Azure.</summary>
    public ProfileSizes Sizes { get => field ?? ProfileSizes.Of(Profile); init; }

    /// <summary>The virtual network in Azure.</summary>
    public NetworkSettings Network { get; init; } = new();

    /// <summary>PostgreSQL, in Azure unless said otherwise.</summary>
    public DatabaseSettings Database { get; init; } = new();

    /// <summary>The storage account in Azure.</summary>
    public StorageSettings Storage { get; init; } = new();

    /// <summary>Who operates the deployment (<c>Mlflow:Operators:&lt;name&gt;</c>, default nobody).</summary>
    public IReadOnlyList<MlflowOperator> Operators { get; init; } = [];

    /// <summary>The operations that are jobs (<c>Mlflow:OperationJobs</c>, default null: all that the server can have).</summary>
    public IReadOnlyList<OperationJob>? OperationJobs { get; init; }

    /// <summary>The backups in Azure.</summary>
    public BackupSettings Backups { get; init; } = new();

    /// <summary>The server that is imported from, in Azure.</summary>
    public ImportSettings Import { get; init; } = new();

    /// <summary>What exists in Azure and is used in place of what would be deployed.</summary>
    public ExistingSettings Existing { get; init; } = new();

    /// <summary>The size of the server.</summary>
    internal MlflowServerSize Size => MlflowServerSize.For(Jobs) is var usual && Cores is null && MemoryGiB is null
        ? usual
        // Either of them says how large the server is to be.
        : new(Cores ?? (MemoryGiB!.Value / 2), MemoryGiB ?? (2 * Cores!.Value));

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="configuration">Where they are read from.</param>
    /// <param name="isPublishing">Whether the app host publishes, which changes some defaults.</param>
    /// <param name="folder">The folder that paths are relative to, that of the app host; the current one when it is not given.</param>
    /// <exception cref="SettingsException">Settings are wrong or unknown; the message has a line for each.</exception>
    public static MlflowSettings Read(IConfiguration configuration, bool isPublishing, string? folder = null)
    {
        var section = new SettingsSection(configuration, Section);
        var port = section.Integer(nameof(Port), 5000, Rules.Port);
        var workers = section.Integer(nameof(Workers), 1, Rules.Workers);
        var jobs = section.Boolean(nameof(Jobs), false);
        var profile = section.Choice(nameof(Profile), DeploymentProfile.Production);
        var settings = new MlflowSettings
        {
            Version = section.Text(nameof(Version), MlflowImage.Version, Rules.MlflowVersion),
            Port = port == 0 ? null : port,
            BindAddress = section.Text(nameof(BindAddress), "127.0.0.1", Rules.BindAddress),
            Workers = workers,
            Jobs = jobs,
            Cores = section.Decimal(nameof(Cores), Rules.Cores),
            MemoryGiB = section.Decimal(nameof(MemoryGiB), Rules.MemoryGiB),
            AIGateway = section.Boolean(nameof(AIGateway), true),
            CACertificates = section.File(nameof(CACertificates), folder, Rules.CACertificates),
            AllowedHosts = section.List(nameof(AllowedHosts), Rules.AllowedHost),
            StatementTimeout = section.Seconds(nameof(StatementTimeout), Rules.StatementTimeout) ?? TimeSpan.FromSeconds(30),
            ArtifactTimeout = section.Seconds(nameof(ArtifactTimeout), Rules.ArtifactTimeout),
            SecretVersions = new()
            {
                KekPassphrase = section.Integer("KekVersion", 1, Rules.SecretVersion),
                FlaskSecretKey = section.Integer("FlaskKeyVersion", 1, Rules.SecretVersion),
                WebhookKey = section.Integer("WebhookKeyVersion", 1, Rules.SecretVersion),
                AdminPassword = section.Integer("AdminPasswordVersion", 1, Rules.SecretVersion),
                SessionKey = section.Integer("SessionKeyVersion", 1, Rules.SecretVersion),
            },
            SignIn = SignInSettings.Read(section, isPublishing),
            AllowAnonymous = section.Boolean(nameof(AllowAnonymous), false),
            OpenTelemetry = section.Boolean(nameof(OpenTelemetry), isPublishing),
            Server = PublishedServerSettings.Read(section),
            Profile = profile,
            DeployedSettingsFile = section.NonEmptyText(nameof(DeployedSettings)) ?? DeployedSettings.DefaultFile,
            Sizes = ProfileSizes.Read(section, profile),
            Network = NetworkSettings.Read(section),
            Database = DatabaseSettings.Read(section),
            Storage = StorageSettings.Read(section),
            Existing = ExistingSettings.Read(section),
            Operators = MlflowOperator.Read(section),
            OperationJobs = section.Choices<OperationJob>(nameof(OperationJobs)),
            Backups = BackupSettings.Read(section),
            Import = ImportSettings.Read(section),
        };
        settings.Check(section, isPublishing);
        if (isPublishing)
        {
            settings.CheckJobs(section, job => PublishedOperations.LackOf(
                job, hasUsers: settings.SignIn.Mode is SignInMode.Basic or SignInMode.Oidc, hasPasswords: settings.SignIn.Mode is SignInMode.Basic)
                ?? settings.Import.LackOf(job));
            settings.RefuseOpenServer(section);
            DeployedSettings.Check(configuration, section, settings);
        }

        section.RejectUnknown();
        section.ThrowIfAny();
        return settings;
    }
}

using MlflowAspire.Hosting;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>An MLflow tracking server in a container.</summary>
/// <param name="name">The name of the resource.</param>
[AspireExport]
public sealed class MlflowServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "http";

    /// <summary>The port that the server listens on inside its container (<c>MLFLOW_PORT</c>).</summary>
    internal const int TargetPort = 5000;

    /// <summary>The HTTP endpoint: user interface, REST API and proxied artifacts.</summary>
    public EndpointReference PrimaryEndpoint => field ??= new(this, PrimaryEndpointName);

    /// <summary>The host of the HTTP endpoint.</summary>
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    /// <summary>The port of the HTTP endpoint.</summary>
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The address that clients use as <c>MLFLOW_TRACKING_URI</c>.</summary>
    public ReferenceExpression UriExpression => ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Url)}");

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => UriExpression;

    /// <inheritdoc />
    string IResourceWithConnectionString.ConnectionStringEnvironmentVariable => "MLFLOW_TRACKING_URI";

    /// <summary>The container that brings the database to the server's schema before the server starts.</summary>
    public MlflowTaskResource Migration { get; internal init; } = null!;

    /// <summary>Whether what it is published into migrates the database before the server starts.</summary>
    internal bool HasMigrationStep { get; set; }

    /// <summary>The container that removes deleted runs permanently.</summary>
    public MlflowTaskResource GarbageCollection { get; internal init; } = null!;

    /// <summary>The container that loads MLflow's demo in a local run.</summary>
    internal MlflowTaskResource DemoData { get; init; } = null!;

    /// <summary>The container that writes everything into an archive, in a local run.</summary>
    internal MlflowTaskResource Backup { get; init; } = null!;

    /// <summary>The container that brings back what an archive has, in a local run.</summary>
    internal MlflowTaskResource Restore { get; init; } = null!;

    /// <summary>The container that brings in what another MLflow has kept, in a local run.</summary>
    internal MlflowTaskResource Import { get; init; } = null!;

    /// <summary>The container that an operator looks and mends with, in a local run.</summary>
    internal MlflowTaskResource Operation { get; init; } = null!;

    /// <summary>Where archives are in a local run.</summary>
    internal BackupFolder BackupFolder { get; set; } = null!;

    /// <summary>
    /// The database of experiments, runs and models, once <c>WithBackendStore</c> has said so; none when it is no resource of the app host.
    /// </summary>
    public IResource? BackendStore => Store?.Database;

    /// <summary>The backend store.</summary>
    internal MlflowBackendStore? Store { get; set; }

    /// <summary>The database of users and permissions; none without a sign-in that has one.</summary>
    internal string? SignInDatabase { get; set; }

    /// <summary>The role that signs in to the databases; null is the administrator of the server of the backend store, or the identity.</summary>
    internal (ParameterResource UserName, ParameterResource Password)? DatabaseRole { get; set; }

    /// <summary>How clients sign in; null lets everyone in.</summary>
    internal MlflowSignIn? SignIn { get; set; }

    /// <summary>
    /// The resource that artifacts are kept in, once <c>WithArtifactStore</c> has said so; none when the store is no resource of the app host.
    /// </summary>
    public IResource? ArtifactStore { get; internal set; }

    /// <summary>What the artifact store is called, of whatever kind it is.</summary>
    internal string? ArtifactStoreName { get; set; }

    /// <summary>What clients must know to exchange files with the artifact store directly; nothing when all goes through the server.</summary>
    internal Dictionary<string, string> DirectTransfer { get; } = [];

    /// <summary>The cores and the memory that the server gets.</summary>
    internal MlflowServerSize Size => ChosenSize ?? MlflowServerSize.For(RunsJobs);

    /// <summary>The size that was asked for; null for the one that fits the jobs.</summary>
    internal MlflowServerSize? ChosenSize { get; set; }

    /// <summary>Whether another image than that of the package was asked for.</summary>
    internal bool HasOwnImage { get; set; }

    /// <summary>The worker processes.</summary>
    internal int Workers { get; set; } = 1;

    /// <summary>The names that the server answers to beside those of its endpoints.</summary>
    internal List<string> AllowedHosts { get; } = [];

    /// <summary>The domain that the server is published under beside the one of its environment.</summary>
    internal string? CustomDomain { get; set; }

    /// <summary>Whether the ingress of the published server takes some addresses only.</summary>
    internal bool RestrictsAddresses { get; set; }

    /// <summary>How many replicas are published.</summary>
    internal int Replicas => ChosenReplicas ?? DefaultReplicas;

    /// <summary>The replicas that were asked for; null for those of what it is published into.</summary>
    internal int? ChosenReplicas { get; set; }

    /// <summary>How many replicas are published when nobody says.</summary>
    internal int DefaultReplicas { get; set; } = 1;

    /// <summary>Whether the server runs jobs.</summary>
    internal bool RunsJobs { get; set; }

    /// <summary>Whether replicas share a queue of jobs.</summary>
    internal bool HasJobQueue { get; set; }

    /// <summary>The versions of the generated secrets.</summary>
    internal MlflowSecretVersions SecretVersions { get; set; } = new();

    /// <summary>Whether it may be published without sign-in for everyone to reach.</summary>
    internal bool AllowsAnonymous { get; set; }

    /// <summary>The secrets of the server.</summary>
    internal MlflowSecrets Secrets { get; } = new();

    // Neither host nor port by themselves: MLFLOW_HOST and MLFLOW_PORT are what a client would serve its own models at.
    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => SignIn?.Credentials is { } credentials
        ? [new("Uri", UriExpression), new("Username", credentials.UserName), new("Password", ReferenceExpression.Create($"{credentials.Password}"))]
        : [new("Uri", UriExpression)];
}

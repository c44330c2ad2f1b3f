using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Testcontainers.Azurite;
using Testcontainers.PostgreSql;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// The image and a network without a way out, once for the tests of a collection. Each test has databases of its own, on a server that all collections share.
/// </summary>
public sealed class ImageFixture : IAsyncLifetime
{
    /// <summary>The name of the PostgreSQL server in the network.</summary>
    public const string DatabaseHost = "db";

    /// <summary>The image of the version of MLflow before this one.</summary>
    public const string PreviousImage = "ghcr.io/mlflow/mlflow:v3.16.1-full";

    /// <summary>Every character that means something in a URI or an ini file.</summary>
    public const string Password = "p@ss/w:o%rd?#&'=";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    private readonly INetwork _network = new NetworkBuilder().WithCreateParameterModifier(parameters => parameters.Internal = true).Build();

    // The tests reach the servers through a second network.
    private readonly INetwork _hostNetwork = new NetworkBuilder().Build();
    private readonly SharedDatabaseServer _databases = SharedDatabaseServer.Use();
    private readonly string _backups = TestBackupFolder.CreateRoot();
    private readonly Lazy<Task<string>> _server;
    private readonly Lazy<Task<IContainer>> _tasks;

    public ImageFixture()
    {
        _server = new(() => _databases.JoinAsync(_network, DatabaseHost));
        _tasks = new(StartTasksAsync);
    }

    /// <summary>The name of the image.</summary>
    public string ImageName { get; private set; } = null!;

    /// <summary>The name of the network without a way out.</summary>
    public string NetworkName => _network.Name;

    /// <summary>The certificate of the storage account, which every container of the image has in /tls.</summary>
    internal CertificateFolder Certificate { get; } = new(StorageAccount.Host);

    public async Task InitializeAsync()
    {
        // No container is made with this network, so none creates it.
        await _network.CreateAsync();
        ImageName = await TestImage.GetAsync();
    }

    public async Task DisposeAsync()
    {
        if (_tasks.IsValueCreated)
        {
            await (await _tasks.Value).DisposeAsync();
        }

        if (_server.IsValueCreated)
        {
            await _databases.LeaveAsync(_network);
        }

        await _databases.ReleaseAsync();
        Directory.Delete(_backups, recursive: true);
        Certificate.Dispose();
        await _network.DisposeAsync();
        await _hostNetwork.DisposeAsync();
    }

    /// <summary>A PostgreSQL server in the network, not started yet.</summary>
    public PostgreSqlContainer PostgresServer(string name, Func<PostgreSqlBuilder, PostgreSqlBuilder>? configure = null)
    {
        var server = new PostgreSqlBuilder("postgres:17.6").WithPassword(Password).WithNetwork(_hostNetwork)
            .WithStartupCallback((container, _) => ConnectAsync(container, name));
        return (configure?.Invoke(server) ?? server).Build();
    }

    /// <summary>An Azurite server in the network, not started yet.</summary>
    public AzuriteContainer AzuriteServer(string name) =>
        new AzuriteBuilder("mcr.microsoft.com/azure-storage/azurite:3.35.0")
            .WithInMemoryPersistence()
            .WithCommand("--skipApiVersionCheck")
            .WithNetwork(_hostNetwork)
            .WithStartupCallback((container, _) => ConnectAsync(container, name))
            .Build();

    /// <summary>A container of any image that this machine reaches too, and the network by a name.</summary>
    public ContainerBuilder ReachableContainer(string image, string name, params string[] command) =>
        new ContainerBuilder(image).WithNetwork(_hostNetwork).WithStartupCallback((container, _) => ConnectAsync(container, name)).WithCommand(command);

    /// <summary>Docker engines before 25 refuse two networks in one call.</summary>
    private async Task ConnectAsync(IContainer container, string name) =>
        await DockerCli.RunAsync("network", "connect", "--alias", name, _network.Name, container.Id);

    /// <summary>A new, empty database on the shared server.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync(string? owner = null) => await TestDatabase.CreateAsync(await _server.Value, owner);

    /// <summary>A new database with MLflow's tables on the shared server: a copy of one that was migrated once.</summary>
    /// <param name="owner">The role that has migrated it; the superuser when there is none.</param>
    public async Task<TestDatabase> CreateMigratedDatabaseAsync(string? owner = null) => (await CopyAsync("tracking", MigrateAsync, owner)).Database;

    /// <summary>The same, and what the migration wrote that made the tables.</summary>
    public Task<(TestDatabase Database, ImageRun Run)> CreateMigratedDatabaseAndRunAsync() => CopyAsync("tracking", MigrateAsync);

    /// <summary>A new database with the tables for users of a sign-in, and what the migration wrote that made them.</summary>
    /// <param name="app">The sign-in.</param>
    /// <param name="setting">The setting that names the database.</param>
    /// <param name="owner">The role that has migrated it; the superuser when there is none.</param>
    public Task<(TestDatabase Database, ImageRun Run)> CreateMigratedUsersAsync(string app, string setting, string? owner = null) =>
        CopyAsync(app, () => MigrateUsersAsync(app, setting), owner);

    /// <summary>A new database on the shared server with what a client has written: a copy of one that was filled once.</summary>
    public async Task<TestDatabase> CreateFilledDatabaseAsync() => (await CopyAsync("filled", FillAsync)).Database;

    /// <summary>The same of the previous version, and what that version has read there.</summary>
    /// <param name="owner">The role that has made the tables; the superuser when there is none.</param>
    public Task<(TestDatabase Database, ImageRun Run)> CreatePreviousDatabaseAsync(string? owner = null) => CopyAsync("previous", FillByPreviousAsync, owner);

    /// <summary>A container of the image, secured as it can be in production.</summary>
    public ContainerBuilder Container(IReadOnlyDictionary<string, string> environment, params string[] command) =>
        Container(ImageName, environment, command)
            .WithTmpfsMount("/tmp")
            .WithBindMount(Certificate.Path, "/tls", AccessMode.ReadOnly)
            .WithCreateParameterModifier(parameters =>
            {
                parameters.HostConfig!.ReadonlyRootfs = true;
                parameters.HostConfig.CapDrop = ["ALL"];
                parameters.HostConfig.SecurityOpt = ["no-new-privileges"];
            });

    /// <summary>A container of any image in the network, with the scripts in /scripts.</summary>
    public ContainerBuilder Container(string image, IReadOnlyDictionary<string, string> environment, params string[] command) =>
        new ContainerBuilder(image)
            .WithNetwork(_network)
            .WithEnvironment(environment)
            .WithBindMount(Path.Combine(AppContext.BaseDirectory, "Image", "Scripts"), "/scripts", AccessMode.ReadOnly)
            .WithCommand(command);

    /// <summary>
    /// Runs a command of the image to its end: in one container for all, which is secured as the others and has an empty folder for artifacts, and backups in
    /// the folder of <see cref="TestBackupFolder"/>.
    /// </summary>
    public async Task<ImageRun> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        var variables = environment.Select(variable => $"{variable.Key}={variable.Value}");
        string[] run = ["env", .. variables, "python", "-IS", "/scripts/tasks.py", "mlflow-aspire", .. command];
        var result = await (await _tasks.Value).ExecAsync(run).WaitAsync(s_limit);
        return new(result.ExitCode ?? -1, result.Stdout, result.Stderr);
    }

    /// <summary>What MLflow's own client reads in databases of this version.</summary>
    public async Task<string[]> ContentAsync(params TestDatabase[] databases)
    {
        var uris = databases.Select(database => database.SqlAlchemyUri);
        var output = (await RunAsync(databases[0].ClientEnvironment, ["python", "/scripts/database_content.py", "read", .. uris])).Succeeded().Output;
        return [.. output.Split("RESULT ").Skip(1).Select(content => content.TrimEnd())];
    }

    /// <summary>A folder for the backups of a test.</summary>
    internal TestBackupFolder CreateBackupFolder() => new(_backups);

    /// <summary>A container that has the folders for backups where the tasks have them.</summary>
    public ContainerBuilder WithBackups(ContainerBuilder container) => container.WithBindMount(_backups, TestBackupFolder.Root, AccessMode.ReadWrite);

    private async Task<IContainer> StartTasksAsync()
    {
        var tasks = WithBackups(Container(new Dictionary<string, string>(), "python", "/scripts/tasks.py")).WithTmpfsMount(TestBackupFolder.Artifacts)
            .WithWaitStrategy(Wait.ForUnixContainer().UntilExists("/tmp/tasks")).Build();
        await tasks.StartAsync();
        return tasks;
    }

    private async Task<(TestDatabase Database, ImageRun Run)> CopyAsync(
        string template, Func<Task<(TestDatabase Database, ImageRun Run)>> create, string? owner = null)
    {
        var server = await _server.Value;
        var (database, run) = await _databases.TemplateAsync(template, create);
        return (await TestDatabase.CreateAsync(server, owner, database), run);
    }

    private async Task<(TestDatabase Database, ImageRun Run)> MigrateAsync()
    {
        var database = await CreateDatabaseAsync();
        return (database, (await RunAsync(database.Environment, "migrate")).Succeeded());
    }

    private async Task<(TestDatabase Database, ImageRun Run)> MigrateUsersAsync(string app, string setting)
    {
        var (tracking, users) = (await CreateMigratedDatabaseAsync(), await CreateDatabaseAsync());
        var environment = new Dictionary<string, string>(tracking.Environment) { ["MLFLOW_APP_NAME"] = app, [setting] = users.Uri };
        var run = (await RunAsync(environment, "migrate")).Succeeded();
        Assert.Equal(0, await tracking.ReadAsync<long>("SELECT count(*) FROM pg_tables WHERE tablename = 'users'"));
        return (users, run);
    }

    private async Task<(TestDatabase Database, ImageRun Run)> FillAsync()
    {
        var database = await CreateMigratedDatabaseAsync();
        return (database, (await RunAsync(database.ClientEnvironment, "python", "/scripts/database_content.py", "write")).Succeeded());
    }

    private async Task<(TestDatabase Database, ImageRun Run)> FillByPreviousAsync()
    {
        var database = await CreateDatabaseAsync();
        await Tools.PrepareImageAsync(PreviousImage);
        var run = await ImageRun.OfAsync(Container(PreviousImage, database.ClientEnvironment, "python", "/scripts/database_content.py", "write"));
        return (database, run.Succeeded());
    }
}

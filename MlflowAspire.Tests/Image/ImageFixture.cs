using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Testcontainers.Azurite;
using Testcontainers.PostgreSql;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// The image, a network without a way out and a PostgreSQL server in it, once for the tests of a collection. Each test has databases of its own.
/// </summary>
public sealed class ImageFixture : IAsyncLifetime
{
    /// <summary>The name of the PostgreSQL server in the network.</summary>
    public const string DatabaseHost = "db";

    /// <summary>The image of the version of MLflow before this one.</summary>
    public const string PreviousImage = "ghcr.io/mlflow/mlflow:v3.16.1-full";

    /// <summary>Every character that means something in a URI or an ini file.</summary>
    public const string Password = "p@ss/w:o%rd?#&'=";

    private readonly INetwork _network = new NetworkBuilder().WithCreateParameterModifier(parameters => parameters.Internal = true).Build();

    // The tests reach the servers through a second network.
    private readonly INetwork _hostNetwork = new NetworkBuilder().Build();
    private readonly PostgreSqlContainer _postgres;
    private readonly Lazy<Task<string>> _server;
    private readonly Lazy<Task<TestDatabase>> _migrated;
    private readonly Lazy<Task<TestDatabase>> _filled;
    private readonly Lazy<Task<(TestDatabase Database, ImageRun Run)>> _previous;

    public ImageFixture()
    {
        _postgres = PostgresServer(DatabaseHost);
        _server = new(StartServerAsync);
        _migrated = new(MigrateAsync);
        _filled = new(FillAsync);
        _previous = new(FillByPreviousAsync);
    }

    /// <summary>The name of the image.</summary>
    public string ImageName { get; private set; } = null!;

    /// <summary>The name of the network without a way out.</summary>
    public string NetworkName => _network.Name;

    public async Task InitializeAsync()
    {
        // No container is made with this network, so none creates it.
        await _network.CreateAsync();
        ImageName = await TestImage.GetAsync();
    }

    public async Task DisposeAsync()
    {
        await _postgres.DisposeAsync();
        await _network.DisposeAsync();
        await _hostNetwork.DisposeAsync();
    }

    /// <summary>A PostgreSQL server in the network, not started yet.</summary>
    public PostgreSqlContainer PostgresServer(string name) =>
        new PostgreSqlBuilder("postgres:17.6").WithPassword(Password).WithNetwork(_hostNetwork)
            .WithStartupCallback((container, _) => ConnectAsync(container, name)).Build();

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
    public async Task<TestDatabase> CreateMigratedDatabaseAsync(string? owner = null) =>
        await TestDatabase.CreateAsync(await _server.Value, owner, await _migrated.Value);

    /// <summary>A new database on the shared server with what a client has written: a copy of one that was filled once.</summary>
    public async Task<TestDatabase> CreateFilledDatabaseAsync() => await TestDatabase.CreateAsync(await _server.Value, template: await _filled.Value);

    /// <summary>The same of the previous version, and what that version has read there.</summary>
    /// <param name="owner">The role that has made the tables; the superuser when there is none.</param>
    public async Task<(TestDatabase Database, ImageRun Run)> CreatePreviousDatabaseAsync(string? owner = null)
    {
        var (template, run) = await _previous.Value;
        return (await TestDatabase.CreateAsync(await _server.Value, owner, template), run);
    }

    /// <summary>A container of the image, secured as it can be in production.</summary>
    public ContainerBuilder Container(IReadOnlyDictionary<string, string> environment, params string[] command) =>
        Container(ImageName, environment, command)
            .WithTmpfsMount("/tmp")
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

    /// <summary>Runs a command of the image to its end.</summary>
    public Task<ImageRun> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] command) =>
        ImageRun.OfAsync(Container(environment, command));

    /// <summary>Starts the shared server, and gives its connection string.</summary>
    private async Task<string> StartServerAsync()
    {
        await _postgres.StartAsync();
        return _postgres.GetConnectionString();
    }

    private async Task<TestDatabase> MigrateAsync()
    {
        var database = await CreateDatabaseAsync();
        (await RunAsync(database.Environment, "migrate")).Succeeded();
        return database;
    }

    private async Task<TestDatabase> FillAsync()
    {
        var database = await CreateMigratedDatabaseAsync();
        (await RunAsync(database.ClientEnvironment, "python", "/scripts/database_content.py", "write")).Succeeded();
        return database;
    }

    private async Task<(TestDatabase Database, ImageRun Run)> FillByPreviousAsync()
    {
        var database = await CreateDatabaseAsync();
        await Tools.PrepareImageAsync(PreviousImage);
        var run = await ImageRun.OfAsync(Container(PreviousImage, database.ClientEnvironment, "python", "/scripts/database_content.py", "write"));
        return (database, run.Succeeded());
    }
}

using System.Text;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;
using Microsoft.Playwright;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// Two servers of the image as they are published with replicas and jobs: one database, one artifact store and one queue; sign-in and telemetry are on. In
/// front of them is a proxy that takes them in turn, and beside them an AI provider with a certificate of its own.
/// </summary>
public sealed class ReplicasFixture : IAsyncLifetime
{
    /// <summary>The address of the provider.</summary>
    public const string Provider = "https://provider:8443/v1";

    /// <summary>The first administrator.</summary>
    public const string Administrator = "admin";

    /// <summary>The password of the first administrator.</summary>
    public const string AdminPassword = "a password of these tests";

    private const string Proxy = "proxy:5000";
    private const string PeriodicJobs = "MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS";
    private const int ProxyPort = 5000;
    private readonly ImageFixture _image = new();
    private readonly CertificateFolder _certificate = new("provider");
    private readonly List<IContainer> _neighbours = [];
    private readonly List<MlflowServer> _servers = [];
    private BlobServer? _blobs;
    private Browser? _browser;

    /// <summary>The database of both.</summary>
    public TestDatabase Database { get; private set; } = null!;

    /// <summary>What the servers send their telemetry to.</summary>
    public IContainer Collector { get; private set; } = null!;

    /// <summary>Writes whom the first server calls, from before its start.</summary>
    public IContainer Recorder { get; private set; } = null!;

    /// <summary>What an administrator signs in with, as variables of a client.</summary>
    public static IEnumerable<string> SignIn => [$"MLFLOW_TRACKING_USERNAME={Administrator}", $"MLFLOW_TRACKING_PASSWORD={AdminPassword}"];

    /// <summary>The server that migrates the database at its start and runs the periodic jobs.</summary>
    public MlflowServer First => _servers[0];

    /// <summary>The other one.</summary>
    public MlflowServer Second => _servers[1];

    public async Task InitializeAsync()
    {
        await _image.InitializeAsync();
        Database = await _image.CreateDatabaseAsync();
        var (users, _) = await _image.CreateMigratedUsersAsync("basic-auth", "MLFLOW_AUTH_DATABASE_URI");
        _blobs = await BlobServer.StartAsync(_image);

        var servers = new ImageFromDockerfileBuilder()
            .WithDockerfileDirectory(Path.Combine(AppContext.BaseDirectory, "Image", "Servers", "neighbours"))
            .WithName("mlflow-aspire-neighbours:tests")
            .WithDeleteIfExists(false)
            .WithCleanUp(false)
            .Build();
        await servers.CreateAsync();
        await StartAsync(Neighbour(servers, "queue", "redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", "/tmp"));
        await StartAsync(_image.Container(_image.ImageName, Nothing, "python", "/scripts/https_provider.py", "/tls", "8443")
            .WithNetworkAliases("provider").WithBindMount(_certificate.Path, "/tls", AccessMode.ReadOnly));
        Collector = await StartAsync(_image.Container(_image.ImageName, Nothing, "python", "/scripts/collector.py").WithNetworkAliases("collector"));

        var settings = new Dictionary<string, string>(Database.Environment)
        {
            ["MLFLOW_APP_NAME"] = "basic-auth",
            ["MLFLOW_AUTH_DATABASE_URI"] = users.Uri,
            ["MLFLOW_AUTH_ADMIN_PASSWORD"] = AdminPassword,
            ["MLFLOW_SERVER_REPLICAS"] = "2",
            ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "true",
            ["MLFLOW_SERVER_JOB_HUEY_REDIS_URL"] = "redis://queue:6379/0",
            ["MLFLOW_READINESS_PORT"] = "5001",
            ["MLFLOW_SERVER_PROMETHEUS"] = "true",
            ["MLFLOW_SERVER_ALLOWED_HOSTS"] = $"{Proxy},localhost:5000,replica-a:5000,replica-b:5000",
            ["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = $"http://{Proxy}",
            ["MLFLOW_CA_CERTIFICATES"] = await File.ReadAllTextAsync(Path.Combine(_certificate.Path, "certificate.pem")),
            ["MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS"] = "true",
            ["MLFLOW_OPENTELEMETRY"] = "true",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4318",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "5000",
        };
        foreach (var (name, value) in BlobServer.Settings)
        {
            settings[name] = value;
        }

        // The first server migrates and makes the administrator, as an upgrade to more replicas meets it. It has the network of the recorder.
        Recorder = await StartAsync(_image.Container(_image.ImageName, Nothing, "python", "/scripts/calls.py")
            .WithNetworkAliases("replica-a")
            .WithCreateParameterModifier(parameters => (parameters.User, parameters.HostConfig!.CapAdd) = ("0", ["NET_ADMIN"]))
            .WithWaitStrategy(Wait.ForUnixContainer().UntilExists("/tmp/listening")));
        _servers.Add(await MlflowServer.StartAsync(
            _image,
            new Dictionary<string, string>(settings) { ["MLFLOW_SERVER_MIGRATE"] = "true", [PeriodicJobs] = "true" },
            container => container.WithCreateParameterModifier(parameters =>
            {
                parameters.HostConfig!.NetworkMode = $"container:{Recorder.Id}";
                parameters.NetworkingConfig = null;
            })));
        _servers.Add(await MlflowServer.StartAsync(
            _image, new Dictionary<string, string>(settings) { [PeriodicJobs] = "false" }, container => container.WithNetworkAliases("replica-b")));
        var proxy = await StartAsync(_image.ReachableContainer(servers.FullName, "proxy", "haproxy", "-f", "/etc/haproxy/replicas.cfg")
            .WithPortBinding(ProxyPort, assignRandomHostPort: true));
        _browser = await Browser.StartAsync($"MAP {Proxy} 127.0.0.1:{proxy.GetMappedPublicPort(ProxyPort)}");
        await RunAsync("-c", "import requests, time\nwhile not requests.get('http://proxy:5000/health').ok: time.sleep(0.2)");
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        foreach (var container in Enumerable.Reverse(_neighbours))
        {
            await container.DisposeAsync();
        }

        if (_blobs is not null)
        {
            await _blobs.DisposeAsync();
        }

        await _image.DisposeAsync();
        _certificate.Dispose();
    }

    /// <summary>A Python program of an administrator, who reaches the servers through the proxy.</summary>
    public ContainerBuilder Script(params string[] arguments) => _image.Container(Client, ["python", .. arguments]);

    /// <summary>Runs such a program to its end, and gives what it has printed.</summary>
    public async Task<string> RunAsync(params string[] arguments) => (await _image.RunAsync(Client, ["python", .. arguments])).Succeeded().Output;

    /// <summary>Opens a page of MLflow as an administrator, who reaches the servers through the proxy.</summary>
    public async Task<IPage> OpenAsync(string path)
    {
        var page = await _browser!.NewPageAsync(new() { HttpCredentials = new() { Username = Administrator, Password = AdminPassword } });
        await page.GotoAsync($"http://{Proxy}{path}");
        return page;
    }

    /// <summary>Waits until a page shows something.</summary>
    public async Task WaitForAsync(ILocator part)
    {
        try
        {
            await part.WaitForAsync();
        }
        catch (TimeoutException exception)
        {
            var text = await part.Page.Locator("body").InnerTextAsync();
            throw new TimeoutException($"{exception.Message}\n{text}\n{await First.LogsAsync()}\n{await Second.LogsAsync()}", exception);
        }
    }

    private static Dictionary<string, string> Nothing => [];

    private static Dictionary<string, string> Client => new()
    {
        ["MLFLOW_TRACKING_URI"] = $"http://{Proxy}",
        ["MLFLOW_TRACKING_USERNAME"] = Administrator,
        ["MLFLOW_TRACKING_PASSWORD"] = AdminPassword,
        ["AUTHORIZATION"] = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Administrator}:{AdminPassword}"))}",
    };

    private ContainerBuilder Neighbour(IImage image, string name, params string[] command) =>
        _image.Container(image.FullName, Nothing, command).WithNetworkAliases(name);

    private async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        var container = builder.Build();
        _neighbours.Add(container);
        await container.StartAsync();
        return container;
    }
}

/// <summary>The tests that share the replicas run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ReplicasCollection : ICollectionFixture<ReplicasFixture>
{
    public const string Name = "Replicas";
}

using System.Globalization;
using System.Text;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>The server of the image, which other containers of the network reach as <c>http://mlflow:5000</c>.</summary>
public sealed class MlflowServer : IAsyncDisposable
{
    private const int Port = 5000;
    private const string Address = "http://mlflow:5000";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    // Settings that nobody may see.
    private static readonly Dictionary<string, string> s_keys = new()
    {
        ["MLFLOW_CRYPTO_KEK_PASSPHRASE"] = "a passphrase of these tests",
        ["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "a key of these tests",
        ["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"] = "a generated password, 32 or more",
    };

    private readonly IContainer _container;

    private MlflowServer(IContainer container) => _container = container;

    /// <summary>What must be seen nowhere.</summary>
    public static IEnumerable<string> Secrets => [ImageFixture.Password, .. s_keys.Values];

    /// <summary>What a client needs.</summary>
    public static Dictionary<string, string> Client => new() { ["MLFLOW_TRACKING_URI"] = Address };

    /// <summary>The settings that every server needs besides its database.</summary>
    public static Dictionary<string, string> Settings => new(s_keys)
    {
        ["MLFLOW_ARTIFACTS_DESTINATION"] = "/tmp/artifacts",
        ["MLFLOW_WORKERS"] = "1",
        ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false",
        ["MLFLOW_SERVER_ALLOWED_HOSTS"] = "mlflow:5000,localhost:5000",
    };

    /// <summary>Migrates the databases and starts the server.</summary>
    public static async Task<MlflowServer> MigrateAndStartAsync(ImageFixture image, IReadOnlyCollection<KeyValuePair<string, string>> settings)
    {
        (await image.RunAsync(WithDefaults(settings), "migrate")).Succeeded();
        return await StartAsync(image, settings);
    }

    /// <summary>Starts the server on databases that are migrated.</summary>
    public static async Task<MlflowServer> StartAsync(
        ImageFixture image, IEnumerable<KeyValuePair<string, string>> settings, Func<ContainerBuilder, ContainerBuilder>? configure = null)
    {
        var container = image.Container(WithDefaults(settings)).WithNetworkAliases("mlflow")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(Port, wait => wait.WithTimeout(s_limit)));
        var server = new MlflowServer((configure?.Invoke(container) ?? container).Build());
        try
        {
            await server._container.StartAsync();
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"The server is not ready within {s_limit}. {await server.LogsAsync()}", exception);
        }

        return server;
    }

    /// <summary>The status of a request that is made inside the container.</summary>
    public async Task<int> StatusAsync(string path, string? user = null, string? password = null)
    {
        // Not by a library of its own, whose import takes longer than the request.
        var header = user is null ? "" : $"('Authorization', 'Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}')";
        return int.Parse(await _container.PythonAsync($"""
            from http.client import HTTPConnection
            connection = HTTPConnection('localhost', {Port}, timeout=30)
            connection.request('GET', '{path}', headers=dict([{header}]))
            print(connection.getresponse().status)
            """), CultureInfo.InvariantCulture);
    }

    /// <summary>Runs a Python statement beside the server.</summary>
    public Task<string> PythonAsync(string code) => _container.PythonAsync(code);

    /// <summary>Runs a command beside the server, as its client or with its stores.</summary>
    public async Task RunAsync(params string[] command)
    {
        var result = await _container.ExecAsync(["env", "MLFLOW_TRACKING_URI=http://localhost:5000", .. command]).WaitAsync(s_limit);
        if (result.ExitCode != 0)
        {
            Assert.Fail($"{string.Join(' ', command)} ended with {result.ExitCode}.\n{result.Stdout}\n{result.Stderr}\n{await LogsAsync()}");
        }
    }

    /// <summary>Stops the server and gives its exit code.</summary>
    public async Task<long> StopAsync()
    {
        // As much time as Container Apps gives.
        await DockerCli.RunAsync("stop", "--time", "30", _container.Id);
        return await _container.GetExitCodeAsync();
    }

    /// <summary>Stops the server in good order and starts it again, and waits until it answers.</summary>
    public async Task RestartAsync()
    {
        await _container.StopAsync();
        await _container.StartAsync();
    }

    /// <summary>Everything that the server has written.</summary>
    public Task<string> LogsAsync() => _container.LogsAsync();

    public ValueTask DisposeAsync() => _container.DisposeAsync();

    /// <summary>Settings together with those that every server needs.</summary>
    public static Dictionary<string, string> WithDefaults(IEnumerable<KeyValuePair<string, string>> settings)
    {
        var environment = new Dictionary<string, string>(Settings);
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return environment;
    }
}

using System.Text.RegularExpressions;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>
/// What the published containers meet in Azure, as far as it can be had on a machine: a PostgreSQL with TLS whose one role signs in by a token, blobs in
/// Azurite by HTTPS and tokens, the endpoint of the managed identity, Application Insights, an ingress with TLS. The containers run with the image, the
/// arguments and the environment of the published Bicep.
/// </summary>
public sealed partial class PublishedStack : IAsyncLifetime
{
    public const string Identity = "mlflow-identity-test";

    private const string Domain = "happy-sea-0123.westeurope.azurecontainerapps.io";
    private const string AdminPassword = "password-of-the-test-1";
    private const string Account = "mlflowstorage";
    private const string IdentityHeader = "header-of-the-identity";
    private const string ClientId = "00000000-1111-2222-3333-444444444444";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private static readonly string s_blobKey = Convert.ToBase64String(new byte[64]);
    private static readonly string s_databaseToken = TestToken.Create("https://ossrdbms-aad.database.windows.net");

    private static readonly Dictionary<string, string> s_secrets = new()
    {
        ["mlflow-flask-secret-key-v1"] = "flask-secret-key-of-the-test-0001",
        ["mlflow-kek-passphrase-v1"] = "kek-passphrase-of-the-test-000001",
        ["mlflow-webhook-key-v1"] = "webhook-key-of-the-test-000000001",
        ["mlflow-admin-password-v1"] = AdminPassword,
    };

    /// <summary>What the parameters of the published apps would be in Azure.</summary>
    internal static IReadOnlyDictionary<string, string> Outputs { get; } = new Dictionary<string, string>
    {
        ["environment_outputs_azure_container_apps_environment_default_domain"] = Domain,
        ["postgres_outputs_hostname"] = "postgres.test",
        ["storage_outputs_blobhost"] = $"{Account}.blob.core.windows.net",
        ["mlflow_identity_outputs_clientid"] = ClientId,
        ["mlflow_identity_outputs_principalname"] = Identity,
        ["insights_outputs_appinsightsconnectionstring"] = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://platform/",
    };

    private readonly CertificateFolder _certificate = new($"mlflow.{Domain}", $"{Account}.blob.core.windows.net", "postgres.test");
    private readonly INetwork _network = new NetworkBuilder().Build();
    private readonly List<IContainer> _containers = [];
    private string _image = null!;

    public IContainer Postgres { get; private set; } = null!;

    public IContainer Platform { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _image = await TestImage.GetAsync();
        Postgres = await StartAsync(new ContainerBuilder("postgres:17.6")
            .WithNetworkAliases("postgres.test")
            .WithEnvironment("POSTGRES_PASSWORD", "of-the-superuser")
            .WithBindMount(_certificate.Path, "/tls", AccessMode.ReadOnly)
            .WithEntrypoint("bash", "-c")
            .WithCommand("install -o postgres -m 600 /tls/key.pem /key.pem "
                + "&& exec docker-entrypoint.sh postgres -c ssl=on -c ssl_cert_file=/tls/certificate.pem -c ssl_key_file=/key.pem")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilCommandIsCompleted("pg_isready", "-h", "127.0.0.1")));
        await StartAsync(new ContainerBuilder("mcr.microsoft.com/azure-storage/azurite:3.35.0")
            .WithNetworkAliases($"{Account}.blob.core.windows.net")
            .WithEnvironment("AZURITE_ACCOUNTS", $"{Account}:{s_blobKey}")
            .WithBindMount(_certificate.Path, "/tls", AccessMode.ReadOnly)
            .WithCommand(
                "azurite", "--blobHost", "0.0.0.0", "--blobPort", "443", "--oauth", "basic", "--cert", "/tls/certificate.pem", "--key", "/tls/key.pem",
                "--skipApiVersionCheck")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilInternalTcpPortIsAvailable(443)));
        Platform = await StartAsync(Mlflow()
            .WithNetworkAliases("platform", $"mlflow.{Domain}")
            .WithEnvironment(new Dictionary<string, string>
            {
                ["IDENTITY_HEADER"] = IdentityHeader,
                ["CLIENT_ID"] = ClientId,
                ["DATABASE_TOKEN"] = s_databaseToken,
                ["STORAGE_TOKEN"] = TestToken.Create("https://storage.azure.com"),
            })
            .WithCommand("python", "/scripts/azure_platform.py")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilInternalTcpPortIsAvailable(443)));

        // As Azure makes them: a database of azure_pg_admin, and an identity that belongs to it.
        await QueryAsync("postgres", "CREATE ROLE azure_pg_admin NOLOGIN");
        await QueryAsync("postgres", $"CREATE ROLE \"{Identity}\" LOGIN IN ROLE azure_pg_admin PASSWORD '{s_databaseToken}'");
        await QueryAsync("postgres", "CREATE DATABASE mlflow OWNER azure_pg_admin");
        await QueryAsync("postgres", "CREATE DATABASE mlflow_auth OWNER azure_pg_admin");
        await RunAsync(Mlflow().WithCommand("python", "-c",
            "from azure.storage.blob import ContainerClient as C; "
            + $"key = {{'account_name': '{Account}', 'account_key': '{s_blobKey}'}}; "
            + $"[C('https://{Account}.blob.core.windows.net', name, credential=key).create_container() for name in ('mlflow', 'mlflow-backups')]"));
    }

    public async Task DisposeAsync()
    {
        foreach (var container in Enumerable.Reverse(_containers))
        {
            await container.DisposeAsync();
        }

        await _network.DisposeAsync();
        _certificate.Dispose();
    }

    /// <summary>
    /// A container with the arguments and the environment that the Bicep gives it, and what Container Apps adds: the endpoint of the identity.
    /// </summary>
    internal ContainerBuilder Published(DeployedContainer container) => Mlflow()
        .WithNetworkAliases(container.Name)
        .WithCommand([.. container.Args])
        .WithEnvironment(container.Environment.ToDictionary(variable => variable.Key, variable => ValueOf(container, variable.Value)))
        .WithEnvironment("IDENTITY_ENDPOINT", "http://platform/msi/token")
        .WithEnvironment("IDENTITY_HEADER", IdentityHeader);

    /// <summary>A client of the server by its public name.</summary>
    internal ContainerBuilder Client(params string[] arguments) => Mlflow()
        .WithEnvironment("MLFLOW_TRACKING_URI", $"https://mlflow.{Domain}")
        .WithEnvironment("MLFLOW_TRACKING_USERNAME", "admin")
        .WithEnvironment("MLFLOW_TRACKING_PASSWORD", AdminPassword)
        .WithEnvironment("BLOB_ACCOUNT", Account)
        .WithEnvironment("BLOB_KEY", s_blobKey)
        .WithCommand(["python", "/scripts/published_client.py", .. arguments]);

    /// <summary>Starts a container and waits for it; it is removed at the end.</summary>
    internal async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        var container = builder.WithNetwork(_network).Build();
        _containers.Add(container);
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            await container.StartAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{container.Name} did not start within {s_limit}:\n{await LogsAsync(container)}");
        }

        return container;
    }

    /// <summary>Runs a container to its end, which is a good one, and returns what it wrote.</summary>
    internal Task<string> RunAsync(ContainerBuilder builder) => ToEndAsync(builder, expected: 0);

    /// <summary>Runs a container that fails, and returns what it wrote.</summary>
    internal Task<string> ExitAsync(ContainerBuilder builder) => ToEndAsync(builder, expected: 1);

    private async Task<string> ToEndAsync(ContainerBuilder builder, long expected)
    {
        var container = await StartAsync(builder);
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            var exitCode = await container.GetExitCodeAsync(limit.Token);
            var logs = await LogsAsync(container);
            Assert.True(exitCode == expected, $"{container.Name} ended with {exitCode}:\n{logs}");
            return logs;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{container.Name} did not end within {s_limit}:\n{await LogsAsync(container)}");
        }
    }

    /// <summary>Asks an address of a container until it answers as expected.</summary>
    internal static async Task UntilAsync(IContainer container, int port, string path, int status)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var limit = new CancellationTokenSource(s_limit);
        object? last = null;
        while (!limit.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri($"http://{container.Hostname}:{container.GetMappedPublicPort(port)}{path}"), limit.Token);
                last = (int)answer.StatusCode;
                if (last is int code && code == status)
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                last = exception.Message;
            }

            await Task.Delay(500, CancellationToken.None);
        }

        throw new TimeoutException($"{path} did not answer {status} within {s_limit}, but {last}:\n{await LogsAsync(container)}");
    }

    /// <summary>What a query of the superuser gives, a line for each row.</summary>
    internal async Task<string> QueryAsync(string database, string sql)
    {
        var result = await Postgres.ExecAsync(["psql", "-U", "postgres", "-h", "/var/run/postgresql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qtAc", sql]);
        Assert.True(result.ExitCode == 0, result.Stderr);
        return result.Stdout.Trim();
    }

    /// <summary>Waits until a container has written a text.</summary>
    internal static async Task UntilLoggedAsync(IContainer container, string text)
    {
        using var limit = new CancellationTokenSource(s_limit);
        string logs;
        while (!(logs = await LogsAsync(container)).Contains(text, StringComparison.Ordinal))
        {
            Assert.False(limit.IsCancellationRequested, $"{container.Name} did not write '{text}' within {s_limit}:\n{logs}");
            await Task.Delay(500, CancellationToken.None);
        }
    }

    internal static async Task<string> LogsAsync(IContainer container)
    {
        var (stdout, stderr) = await container.GetLogsAsync(timestampsEnabled: false);
        return $"{stdout}\n{stderr}";
    }

    /// <summary>The image with no more rights than it needs; the certificate is trusted in place of a public authority's.</summary>
    private ContainerBuilder Mlflow() => new ContainerBuilder(_image)
        .WithBindMount(_certificate.Path, "/tls", AccessMode.ReadOnly)
        .WithBindMount(Path.Combine(AppContext.BaseDirectory, "PublishedRun", "Scripts"), "/scripts", AccessMode.ReadOnly)
        .WithEnvironment("REQUESTS_CA_BUNDLE", "/tls/certificate.pem")
        .WithEnvironment("SSL_CERT_FILE", "/tls/certificate.pem");

    private static string ValueOf(DeployedContainer container, DeployedVariable variable)
    {
        if (variable.Secret is null)
        {
            Assert.False(variable.Value!.StartsWith('['), $"{container.Name} gets {variable.Value}, which only Azure knows.");
            return variable.Value;
        }

        var reference = container.Resource.List("properties.configuration.secrets").Single(secret => (string?)secret["name"] == variable.Secret);
        return s_secrets[VaultSecret().Match((string)reference["keyVaultUrl"]!).Groups["name"].Value];
    }

    /// <summary>The secret in the expression for its address.</summary>
    [GeneratedRegex("/secrets/(?<name>[^']+)'")]
    private static partial Regex VaultSecret();
}

/// <summary>The tests that share the published containers run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PublishedRunCollection : ICollectionFixture<PublishedStack>
{
    public const string Name = "Published run";
}

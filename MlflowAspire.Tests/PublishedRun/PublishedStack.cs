using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Image;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>
/// What the published containers meet in Azure, as far as it can be had on a machine: the virtual network with the rules of its subnets and the names of its
/// private zones; behind private endpoints a PostgreSQL with TLS whose one role signs in by a token, blobs in Azurite by HTTPS and tokens, and a key vault; in
/// the environment the endpoint of the managed identity and an ingress with TLS; on the internet Application Insights; in another part of the
/// network a server of MLflow that is imported from. The containers run with the image, the arguments and the environment of the published Bicep.
/// </summary>
public sealed partial class PublishedStack : IAsyncLifetime
{
    public const string Identity = "mlflow-identity-test";
    public const int Port = 5000;
    public const int ReadinessPort = 5001;

    private const string Domain = "happy-sea-0123.westeurope.azurecontainerapps.io";
    private const string Insights = "westeurope-5.in.applicationinsights.azure.com";
    private const string AdminPassword = "password-of-the-test-1";
    private const string IdentityHeader = "header-of-the-identity";
    private const string ClientId = "00000000-1111-2222-3333-444444444444";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private static readonly string s_blobKey = Convert.ToBase64String(new byte[64]);
    private static readonly string s_databaseToken = TestToken.Create("https://ossrdbms-aad.database.windows.net");
    private static readonly string s_vaultToken = TestToken.Create("https://vault.azure.net");

    // The interfaces of private endpoints, and the services that are behind them.
    private static readonly Dictionary<string, string> s_services = new()
    {
        ["postgres"] = "Microsoft.DBforPostgreSQL/flexibleServers",
        ["storage"] = "Microsoft.Storage/storageAccounts",
        ["vault"] = "Microsoft.KeyVault/vaults",
    };

    private readonly List<IContainer> _containers = [];
    private readonly Dictionary<string, IPAddress> _hosts = [];
    private Dictionary<string, string> _secrets = [];
    private CertificateFolder? _certificate;
    private AddressSpace? _space;
    private PublishedTopology? _topology;
    private string _image = null!;

    /// <summary>What is published, with an ingress inside the network, so that its users come through the rules.</summary>
    internal Deployment Deployment { get; private set; } = null!;

    /// <summary>Its network.</summary>
    internal PublishedNetwork Network { get; private set; } = null!;

    /// <summary>The interfaces by what they are for.</summary>
    internal IReadOnlyDictionary<string, NetworkInterface> Interfaces { get; private set; } = null!;

    public IContainer Postgres { get; private set; } = null!;

    /// <summary>The environment's own: the identity and the ingress.</summary>
    public IContainer Platform { get; private set; } = null!;

    /// <summary>Application Insights.</summary>
    public IContainer Monitor { get; private set; } = null!;

    /// <summary>The public name of PostgreSQL.</summary>
    internal string DatabaseHost => Endpoint("postgres").HostName;

    /// <summary>What the parameters of the published apps would be in Azure.</summary>
    internal IReadOnlyDictionary<string, string> Outputs => new Dictionary<string, string>
    {
        ["environment_outputs_azure_container_apps_environment_default_domain"] = Domain,
        ["postgres_outputs_hostname"] = DatabaseHost,
        ["storage_outputs_blobhost"] = Endpoint("storage").HostName,
        ["mlflow_identity_outputs_clientid"] = ClientId,
        ["mlflow_identity_outputs_principalname"] = Identity,
        ["insights_outputs_appinsightsconnectionstring"] = $"InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://{Insights}/",
    };

    /// <summary>The server that is imported from.</summary>
    public IContainer Source { get; private set; } = null!;

    private string Account => Deployment.Only(s_services["storage"]).Name;

    public async Task InitializeAsync()
    {
        // Then the tests are skipped.
        if (BicepCompiler.Missing is not null)
        {
            return;
        }

        _image = await TestImage.GetAsync();
        _space = await AddressSpace.TakeAsync();
        Deployment = await Deployment.GetAsync(
            "Ingress=internal", "GarbageCollection:OlderThan=0s", "Storage:Path=teams/vision", $"Network:AddressSpace={_space.Range}",
            $"Import:Source=http://{SourceAddress}:{Port}", "Import:UserName=owner");
        Network = new(Deployment);
        _topology = await PublishedTopology.CreateAsync(Network);
        await AddInterfacesAsync(_topology);
        _certificate = new([$"mlflow.{Domain}", Insights, .. s_services.Keys.Select(name => Endpoint(name).HostName)]);

        await Task.WhenAll(StartPostgresAsync(), StartBlobsAsync(), StartVaultAsync(), StartPlatformAsync(), StartMonitorAsync());
        _secrets = await ReadSecretsAsync();
        await StartSourceAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var container in Enumerable.Reverse(_containers))
        {
            await container.DisposeAsync();
        }

        if (_topology is not null)
        {
            await _topology.DisposeAsync();
        }

        _space?.Dispose();
        _certificate?.Dispose();
    }

    /// <summary>
    /// A container with the arguments and the environment that the Bicep gives it, and what Container Apps adds: the endpoint of the identity.
    /// </summary>
    internal ContainerBuilder Published(DeployedContainer container, string at = "tasks") => Mlflow(at)
        .WithCommand([.. container.Args])
        .WithEnvironment(container.Environment.ToDictionary(variable => variable.Key, variable => ValueOf(container, variable.Value)))
        .WithEnvironment("IDENTITY_ENDPOINT", "http://platform:42356/msi/token")
        .WithEnvironment("IDENTITY_HEADER", IdentityHeader);

    /// <summary>Starts a published server and waits until it is ready.</summary>
    internal Task<IContainer> StartServerAsync(ContainerBuilder server) =>
        StartAsync(server.WithWaitStrategy(Wait.ForUnixContainer().AddCustomWaitStrategy(new Ready(Interfaces["server"]))));

    /// <summary>A client of the server by its public name, on a machine in the virtual network.</summary>
    internal ContainerBuilder Client(string script, params string[] arguments) => Mlflow("client")
        .WithEnvironment("MLFLOW_TRACKING_URI", $"https://mlflow.{Domain}")
        .WithEnvironment("MLFLOW_TRACKING_USERNAME", "admin")
        .WithEnvironment("MLFLOW_TRACKING_PASSWORD", AdminPassword)
        .WithCommand(["python", $"/scripts/{script}", .. arguments]);

    /// <summary>A look at the blobs that no rule is between.</summary>
    internal ContainerBuilder Blobs(params string[] arguments) => Mlflow("storage")
        .WithEnvironment("BLOB_ACCOUNT", Account)
        .WithEnvironment("BLOB_KEY", s_blobKey)
        .WithCommand(["python", "/scripts/stored_blobs.py", .. arguments]);

    // Far from those that are given out one after the other.
    private IPAddress SourceAddress => SubnetAddresses.At(AddressSpace.NeighboursOf(_space!.Range), 100);

    private PublishedEndpoint Endpoint(string name) => PublishedEndpoint.Of(Deployment, Network, s_services[name]);

    /// <summary>The interfaces, with the names that the private zones, the public ones and the environment give them.</summary>
    private async Task AddInterfacesAsync(PublishedTopology topology)
    {
        var apps = Deployment.Only("Microsoft.App/managedEnvironments")["properties.vnetConfiguration.infrastructureSubnetId"]!;
        Dictionary<string, IPAddress> addresses = new()
        {
            ["platform"] = topology.NextAddress(apps),
            ["server"] = topology.NextAddress(apps),
            ["other-server"] = topology.NextAddress(apps),
            ["tasks"] = topology.NextAddress(apps),
            ["client"] = topology.NextAddress(PublishedTopology.Neighbours),
            ["source"] = SourceAddress,
        };
        foreach (var name in s_services.Keys)
        {
            var endpoint = Endpoint(name);
            addresses[name] = topology.NextAddress(endpoint.SubnetId);
            if (endpoint.IsResolved)
            {
                _hosts[endpoint.HostName] = addresses[name];
            }
        }

        if (PrivateZone.NamesEnvironment(Deployment, Network))
        {
            _hosts[$"mlflow.{Domain}"] = addresses["platform"];
        }

        _hosts[Insights] = IPAddress.Parse(ServiceTags.AddressOf("AzureMonitor"));
        // Inside the environment.
        _hosts["platform"] = addresses["platform"];
        _hosts["mlflow"] = addresses["server"];

        var interfaces = await Task.WhenAll(addresses.Select(address => topology.AddAsync(
            address.Key, address.Value, _hosts, isEndpoint: s_services.ContainsKey(address.Key),
            ports: address.Key is "server" ? [Port, ReadinessPort] : [])));
        Interfaces = interfaces.Append(topology.Internet).Append(await topology.AddLoadBalancerAsync()).ToDictionary(network => network.Name);
    }

    private IEnumerable<string> SecretNames => Deployment.All("Microsoft.KeyVault/vaults/secrets").Select(secret => secret.Name);

    /// <summary>The secrets, read as the environment reads them for its apps: from the vault, through its private endpoint.</summary>
    private async Task<Dictionary<string, string>> ReadSecretsAsync()
    {
        var result = await Platform.ExecAsync(["python", "/scripts/read_secrets.py", $"https://{Endpoint("vault").HostName}", .. SecretNames]);
        Assert.True(result.ExitCode == 0, $"The environment cannot read its secrets: {result.Stderr}");
        return JsonSerializer.Deserialize<Dictionary<string, string>>(result.Stdout)!;
    }

    private string ValueOf(DeployedContainer container, DeployedVariable variable)
    {
        if (variable.Secret is null)
        {
            Assert.False(variable.Value!.StartsWith('['), $"{container.Name} gets {variable.Value}, which only Azure knows.");
            return variable.Value;
        }

        var reference = container.Resource.List("properties.configuration.secrets").Single(secret => (string?)secret["name"] == variable.Secret);
        return _secrets[VaultSecret().Match((string)reference["keyVaultUrl"]!).Groups["name"].Value];
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

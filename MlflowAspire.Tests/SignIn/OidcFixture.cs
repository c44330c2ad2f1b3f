using System.Net.Http.Headers;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using MlflowAspire.Tests.Image;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>The app host's stack with sign-in through an OpenID provider, for all tests of it.</summary>
public sealed class OidcFixture : IAsyncLifetime
{
    private const string Host = "oidc.dev.internal";
    private const string Provider = $"http://{Host}:8080";
    // With a slash at its end, as some providers have it.
    private const string Issuer = $"{Provider}/";
    private static readonly string s_provider = Path.Combine(AppContext.BaseDirectory, "SignIn", "Servers", "oidc");
    private readonly StackData _data = new();
    private Task<string>? _quickstart;

    public MlflowStack Stack { get; private set; } = null!;

    public Browser Browser { get; private set; } = null!;

    /// <summary>The secrets that the stack was started with.</summary>
    public IEnumerable<string> Secrets => _data.Secrets;

    public async Task InitializeAsync()
    {
        // Its image copies what npm has put beside its source.
        await Tools.InstallNodePackagesAsync(s_provider);
        string[] settings =
        [
            "--Mlflow:SignIn=oidc", "--Mlflow:Oidc:ClientId=mlflow",
            $"--Mlflow:Oidc:DiscoveryUrl={Provider}/.well-known/openid-configuration", $"--Mlflow:Oidc:Issuer={Issuer}",
        ];
        Stack = await MlflowStack.StartAsync(_data, settings, (builder, mlflow) =>
        {
            var provider = builder.AddDockerfile("oidc", s_provider)
                .WithEnvironment("PORT", "8080")
                .WithEnvironment("ISSUER", Issuer)
                .WithHttpEndpoint(targetPort: 8080, name: "provider")
                .WithHttpEndpoint(targetPort: 8081, name: "forger")
                .WithHttpHealthCheck("/.well-known/openid-configuration", endpointName: "provider");
            mlflow.WaitFor(provider);
            builder.CreateResourceBuilder(builder.Resources.OfType<ContainerResource>().Single(resource => resource.Name == "quickstart"))
                .WithEnvironment("MLFLOW_TRACKING_TOKEN", () => MachineToken!);
        });

        // The browser reaches the provider by the name that the server knows it by.
        Browser = await Browser.StartAsync($"MAP {Host}:8080 127.0.0.1:{Stack.App.GetEndpoint("oidc", "provider").Port}");
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        await _data.DisposeAsync();
    }

    /// <summary>The token that the container "quickstart" has got.</summary>
    public string? MachineToken { get; private set; }

    /// <summary>What the quickstart has written, which runs once for all tests.</summary>
    public Task<string> RunQuickstartAsync() => _quickstart ??= StartQuickstartAsync();

    /// <summary>A token of the provider, or of the forger who signs with keys of his own.</summary>
    /// <param name="claims">Claims in place of those of a member of the group mlflow.</param>
    /// <param name="endpoint"><c>provider</c> or <c>forger</c>.</param>
    public async Task<string> GetTokenAsync(Dictionary<string, object>? claims = null, string endpoint = "provider")
    {
        Dictionary<string, object> all = new() { ["aud"] = "mlflow", ["sub"] = "machine", ["email"] = "machine@example.com", ["groups"] = new[] { "mlflow" } };
        foreach (var (name, value) in claims ?? [])
        {
            all[name] = value;
        }

        using var client = Stack.App.CreateHttpClient("oidc", endpoint);
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("claims", JsonSerializer.Serialize(all))]);
        using var response = await client.PostAsync("/token", form);
        using var answer = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        return answer.RootElement.GetProperty("access_token").GetString()!;
    }

    private async Task<string> StartQuickstartAsync()
    {
        MachineToken = await GetTokenAsync();
        return await Stack.RunOnceAsync("quickstart");
    }

    /// <summary>Starts another replica: a server with the image, the environment and the network of the one in the stack.</summary>
    public async Task<(IContainer Container, Uri Address)> StartReplicaAsync()
    {
        using var inspected = JsonDocument.Parse(await Stack.InspectAsync("mlflow"));
        var (server, settings) = (inspected.RootElement[0], inspected.RootElement[0].GetProperty("Config"));
        var environment = settings.GetProperty("Env").EnumerateArray().Select(variable => variable.GetString()!.Split('=', 2))
            .ToDictionary(variable => variable[0], variable => variable[1]);

        const int port = 5000;
        var replica = new ContainerBuilder(settings.GetProperty("Image").GetString()!)
            .WithEnvironment(environment)
            .WithNetwork(server.GetProperty("NetworkSettings").GetProperty("Networks").EnumerateObject().Last().Name)
            .WithPortBinding(port, assignRandomHostPort: true)
            .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(port, wait => wait.WithTimeout(TimeSpan.FromMinutes(5))))
            .Build();
        try
        {
            await replica.StartAsync();
        }
        catch (TimeoutException exception)
        {
            var (output, errors) = await replica.GetLogsAsync(timestampsEnabled: false);
            throw new TimeoutException($"The replica did not start:\n{output}\n{errors}", exception);
        }

        return (replica, new UriBuilder("http", replica.Hostname, replica.GetMappedPublicPort(port)).Uri);
    }

    /// <summary>An address of the provider as this machine reaches it.</summary>
    public Uri AtProvider(Uri address) => new(Stack.App.GetEndpoint("oidc", "provider"), address.PathAndQuery);

    public HttpClient CreateClient(string token)
    {
        var client = Stack.CreateMlflowClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}

/// <summary>The tests that share the stack run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class OidcCollection : ICollectionFixture<OidcFixture>
{
    public const string Name = "OpenID Connect";
}

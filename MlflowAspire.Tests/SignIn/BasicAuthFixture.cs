using System.Net.Http.Headers;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>The app host's stack with basic authentication, for all tests of it.</summary>
public sealed class BasicAuthFixture : IAsyncLifetime
{
    private readonly StackData _data = new();
    private Task<string>? _quickstart;

    public MlflowStack Stack { get; private set; } = null!;

    public Browser Browser { get; private set; } = null!;

    /// <summary>Environment variables that the next start of the server or of its garbage collection gets in place of the model's.</summary>
    public Dictionary<string, object> Changed { get; } = [];

    public string AdminPassword => _data.Secret("mlflow-admin-password");

    /// <summary>The secrets that the stack was started with.</summary>
    public IEnumerable<string> Secrets => _data.Secrets;

    public async Task InitializeAsync()
    {
        Browser = await Browser.StartAsync();
        Stack = await MlflowStack.StartAsync(_data, ["--Mlflow:SignIn=basic"], (builder, mlflow) =>
        {
            mlflow.AddPythonClient("delete-runs", StackFixture.ScriptPath(StackFixture.Deletion));
            mlflow.AddPythonClient("users", ScriptPath("users.py"));
            mlflow.AddPythonClient("provider", ScriptPath("provider.py"));
            mlflow.AddPythonClient("receiver", ScriptPath("receiver.py"));
            mlflow
                // The provider and the receiver of the tests are neighbours and have no certificate.
                .WithEnvironment("MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES", "http")
                .WithEnvironment("MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS", "true")
                .WithEnvironment("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http")
                .WithEnvironment("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "true")
                .WithEnvironment(Change);
            builder.CreateResourceBuilder(mlflow.Resource.GarbageCollection).WithEnvironment(Change);
        });
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        await Browser.DisposeAsync();
        await _data.DisposeAsync();
    }

    /// <summary>A client that signs in; without a user it does not.</summary>
    public HttpClient CreateClient(string? user = null, string? password = null)
    {
        var client = Stack.CreateMlflowClient();
        if (user is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }

        return client;
    }

    public HttpClient CreateAdminClient() => CreateClient("admin", AdminPassword);

    /// <summary>What the quickstart has written, which runs once for all tests.</summary>
    public Task<string> RunQuickstartAsync() => _quickstart ??= Stack.RunOnceAsync("quickstart");

    /// <summary>Starts the server again, with what has changed.</summary>
    public async Task RestartServerAsync()
    {
        await Stack.ExecuteAsync("mlflow", KnownResourceCommands.StopCommand);
        await Stack.ExecuteAsync("mlflow", KnownResourceCommands.StartCommand);
        await Stack.WaitForHealthyAsync("mlflow");
    }

    /// <summary>Starts a neighbour of the server, and waits until it listens.</summary>
    public async Task StartNeighbourAsync(string name)
    {
        await Stack.ExecuteAsync(name, KnownResourceCommands.StartCommand);
        await Stack.WaitForStateAsync(name, snapshot => snapshot.State?.Text == KnownResourceStates.Running);
        await DockerCli.RunAsync("exec", Stack.ContainerId(name), "bash", "-c", "until (< /dev/tcp/127.0.0.1/8000); do sleep 0.2; done 2> /dev/null");
    }

    private void Change(EnvironmentCallbackContext context)
    {
        foreach (var (name, value) in Changed)
        {
            context.EnvironmentVariables[name] = value;
        }
    }

    private static string ScriptPath(string name) => Path.Combine(AppContext.BaseDirectory, "SignIn", "Scripts", name);
}

/// <summary>The tests that share the stack run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BasicAuthCollection : ICollectionFixture<BasicAuthFixture>
{
    public const string Name = "Basic authentication";
}

using System.Buffers.Text;
using System.Text.Json;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>A managed identity: an endpoint that gives tokens, and a PostgreSQL role whose password is the token of the moment.</summary>
public sealed class IdentityEndpoint : IAsyncDisposable
{
    private const string Name = "identity";
    private const string Header = "the header of these tests";

    private readonly IContainer _container;
    private readonly string _clientId = Guid.NewGuid().ToString();
    private int _issued;

    public IdentityEndpoint(ImageFixture image)
    {
        var expected = new Dictionary<string, string> { ["EXPECTED_HEADER"] = Header, ["EXPECTED_CLIENT_ID"] = _clientId };
        _container = image.Container(expected, "python", "/scripts/identity_endpoint.py").WithNetworkAliases(Name).Build();
    }

    /// <summary>The role that PostgreSQL knows the identity as.</summary>
    public string Role { get; } = $"mlflow-identity-{Guid.NewGuid():N}";

    /// <summary>What a container app gets of its identity.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["IDENTITY_ENDPOINT"] = $"http://{Name}:8080/msi/token",
        ["IDENTITY_HEADER"] = Header,
        ["AZURE_CLIENT_ID"] = _clientId,
    };

    public Task StartAsync() => _container.StartAsync();

    /// <summary>Issues a token, which ends the one before: PostgreSQL takes it from now on and no other.</summary>
    public async Task<string> IssueAsync(TestDatabase server)
    {
        var token = Token(++_issued);
        await _container.PythonAsync($"open('/tmp/token', 'w').write('{token}')");
        await server.ExecuteAsync($"ALTER ROLE \"{Role}\" PASSWORD '{token}'");
        return token;
    }

    /// <summary>How many tokens have been given out so far.</summary>
    public async Task<int> AnsweredAsync() => (await _container.LogsAsync()).Split("\" 200 -").Length - 1;

    public ValueTask DisposeAsync() => _container.DisposeAsync();

    // As long as Azure's, and with the claim that names a user-assigned identity.
    private string Token(int number)
    {
        var claims = new
        {
            xms_mirid = $"/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{Role}",
            uti = $"{number}{new string('x', 1200)}",
        };
        return $"eyJhbGciOiJSUzI1NiJ9.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}.c2lnbmF0dXJl";
    }
}

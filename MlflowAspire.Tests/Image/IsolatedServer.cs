using Azure.Storage.Blobs;
using Testcontainers.Azurite;

namespace MlflowAspire.Tests.Image;

/// <summary>A server with basic authentication that keeps its artifacts as blobs.</summary>
public sealed class IsolatedServer : IAsyncLifetime
{
    /// <summary>The container of the blobs.</summary>
    public const string Container = "artifacts";

    /// <summary>The name of the first administrator.</summary>
    public const string Administrator = "admin%";

    /// <summary>The password of the first administrator, with what an ini file and a URI would take for something else.</summary>
    public const string Password = "%(x)s 100%; \"quoted\" \\ #=:@/";

    private const string ConnectionString =
        $"AccountName={AzuriteBuilder.AccountName};AccountKey={AzuriteBuilder.AccountKey};BlobEndpoint=http://blobs:10000/{AzuriteBuilder.AccountName};";

    private readonly ImageFixture _image;

    public IsolatedServer(ImageFixture image)
    {
        _image = image;
        Azurite = image.AzuriteServer("blobs");
    }

    public AzuriteContainer Azurite { get; }

    public TestDatabase Database { get; private set; } = null!;

    public TestDatabase Users { get; private set; } = null!;

    public MlflowServer Mlflow { get; private set; } = null!;

    /// <summary>What a task needs to use the same stores.</summary>
    public Dictionary<string, string> Stores => new(Database.Environment)
    {
        ["MLFLOW_ARTIFACTS_DESTINATION"] = $"wasbs://{Container}@{AzuriteBuilder.AccountName}.blob.core.windows.net",
        ["AZURE_STORAGE_CONNECTION_STRING"] = ConnectionString,
    };

    public async Task InitializeAsync()
    {
        await Azurite.StartAsync();
        await new BlobContainerClient(Azurite.GetConnectionString(), Container).CreateAsync();
        const string setting = "MLFLOW_AUTH_DATABASE_URI";
        (Database, (Users, _)) = (await _image.CreateMigratedDatabaseAsync(), await _image.CreateMigratedUsersAsync("basic-auth", setting));
        Mlflow = await MlflowServer.StartAsync(_image, new Dictionary<string, string>(Stores)
        {
            ["MLFLOW_APP_NAME"] = "basic-auth",
            [setting] = Users.Uri,
            ["MLFLOW_AUTH_ADMIN_USERNAME"] = Administrator,
            ["MLFLOW_AUTH_ADMIN_PASSWORD"] = Password,
        });
    }

    public async Task DisposeAsync()
    {
        if (Mlflow is not null)
        {
            await Mlflow.DisposeAsync();
        }

        await Azurite.DisposeAsync();
    }
}

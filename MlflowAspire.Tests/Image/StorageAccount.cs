using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// A storage account as the server sees it in Azure: by HTTPS under its public name, with two keys, either of which opens it. Azurite keeps the blobs.
/// </summary>
internal sealed class StorageAccount : IAsyncDisposable
{
    /// <summary>Its public name.</summary>
    public const string Host = $"{Name}.blob.core.windows.net";

    private const string Name = "mlflowstorage";
    private const string Container = "artifacts";

    private readonly ImageFixture _image;
    private readonly string _keys = Directory.CreateTempSubdirectory("mlflow-keys-").FullName;
    private readonly IContainer _azurite;

    private StorageAccount(ImageFixture image)
    {
        _image = image;
        // It reads the keys when it starts, and has its blobs in the container, which stays.
        _azurite = image
            .Container("mcr.microsoft.com/azure-storage/azurite:3.35.0", new Dictionary<string, string>(), "sh", "-c",
                $"AZURITE_ACCOUNTS={Name}:$(cat /keys/1):$(cat /keys/2) exec azurite --location /tmp --blobHost 0.0.0.0 --blobPort 443 "
                + "--cert /tls/certificate.pem --key /tls/key.pem --skipApiVersionCheck")
            .WithNetworkAliases(Host)
            .WithBindMount(image.Certificate.Path, "/tls", AccessMode.ReadOnly)
            .WithBindMount(_keys, "/keys", AccessMode.ReadOnly)
            .WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(443))
            .Build();
    }

    /// <summary>Creates the account, with new keys, and a container for artifacts in it.</summary>
    public static async Task<StorageAccount> CreateAsync(ImageFixture image)
    {
        var account = new StorageAccount(image);
        account.NewKey(1);
        var key = account.NewKey(2);
        await account._azurite.StartAsync();
        (await account.OpenAsync(key, "create_container()")).Succeeded();
        return account;
    }

    /// <summary>A key of the account.</summary>
    /// <param name="number">1 or 2.</param>
    public string Key(int number) => File.ReadAllText(KeyPath(number));

    /// <summary>What a container of the image needs to keep its artifacts in the account.</summary>
    public static Dictionary<string, string> Environment(string key, string container = Container) => new(Trust)
    {
        ["MLFLOW_ARTIFACTS_DESTINATION"] = $"wasbs://{container}@{Host}",
        ["AZURE_STORAGE_ACCESS_KEY"] = key,
    };

    /// <summary>Creates a further container, and gives its name.</summary>
    public async Task<string> CreateContainerAsync(string name)
    {
        (await OpenAsync(Key(1), "create_container()", name)).Succeeded();
        return name;
    }

    /// <summary>Replaces a key by a new one. Azurite starts again for it, which Azure does not.</summary>
    public async Task RenewAsync(int number)
    {
        NewKey(number);
        await _azurite.StopAsync();
        await _azurite.StartAsync();
    }

    /// <summary>Calls a method of a blob container with a key; of the one for artifacts when no other is named.</summary>
    public Task<ImageRun> OpenAsync(string key, string method, string container = Container) => _image.RunAsync(
        Trust,
        "python",
        "-c",
        $"from azure.storage.blob import ContainerClient as C; print(C('https://{Host}', '{container}', credential='{key}').{method})");

    public async ValueTask DisposeAsync()
    {
        await _azurite.DisposeAsync();
        Directory.Delete(_keys, recursive: true);
    }

    private static Dictionary<string, string> Trust => new() { ["REQUESTS_CA_BUNDLE"] = "/tls/certificate.pem" };

    private string KeyPath(int number) => Path.Combine(_keys, FormattableString.Invariant($"{number}"));

    private string NewKey(int number)
    {
        var key = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(64));
        File.WriteAllText(KeyPath(number), key);
        return key;
    }
}

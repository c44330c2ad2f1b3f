using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using Testcontainers.Azurite;

namespace MlflowAspire.Tests.Image;

/// <summary>Azurite with its blobs on disk, in the network of the image tests.</summary>
internal sealed class BlobServer : IAsyncDisposable
{
    private const string Folder = "/data";
    private readonly IContainer _container;

    private BlobServer(IContainer container) => _container = container;

    /// <summary>What a server needs to keep its artifacts here.</summary>
    public static Dictionary<string, string> Settings => new()
    {
        ["MLFLOW_ARTIFACTS_DESTINATION"] = $"wasbs://artifacts@{AzuriteBuilder.AccountName}.blob.core.windows.net/teams/vision",
        ["AZURE_STORAGE_CONNECTION_STRING"] =
            $"AccountName={AzuriteBuilder.AccountName};AccountKey={AzuriteBuilder.AccountKey};BlobEndpoint=http://blobs:10000/{AzuriteBuilder.AccountName};",
    };

    /// <summary>Starts it with an empty container for artifacts.</summary>
    /// <param name="image">The network.</param>
    /// <param name="size">The room for blobs, such as <c>64m</c>; that of this machine when it is not given.</param>
    public static async Task<BlobServer> StartAsync(ImageFixture image, string? size = null)
    {
        string[] command = ["azurite", "--location", Folder, "--blobHost", "0.0.0.0", "--skipApiVersionCheck"];
        var container = image.Container("mcr.microsoft.com/azure-storage/azurite:3.35.0", new Dictionary<string, string>(), command)
            .WithNetworkAliases("blobs");
        if (size is not null)
        {
            container = container.WithCreateParameterModifier(parameters =>
                parameters.HostConfig!.Tmpfs = new Dictionary<string, string> { [Folder] = $"size={size}" });
        }

        var server = new BlobServer(container.WithWaitStrategy(Wait.ForUnixContainer().UntilPortAccepts(10000)).Build());
        await server._container.StartAsync();
        const string create = "import os; from azure.storage.blob import ContainerClient as C; "
            + "C.from_connection_string(os.environ['AZURE_STORAGE_CONNECTION_STRING'], 'artifacts').create_container()";
        (await image.RunAsync(Settings, "python", "-c", create)).Succeeded();
        return server;
    }

    /// <summary>Runs a shell command beside it.</summary>
    public async Task RunAsync(string command) => await _container.ExecAsync(["sh", "-c", command]);

    /// <summary>Everything that it has written.</summary>
    public Task<string> LogsAsync() => _container.LogsAsync();

    public ValueTask DisposeAsync() => _container.DisposeAsync();
}

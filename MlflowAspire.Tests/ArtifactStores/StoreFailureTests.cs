using System.Text.Json;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>
/// When a store fails, the client is told what is wrong, and no part of its file is listed. When the store is well again, so is the MLflow server.
/// </summary>
[Collection(StoreCollection.Name)]
[Trait("Category", "ArtifactStores")]
public class StoreFailureTests(StoreStack stores)
{
    [Fact]
    public async Task Credentials_are_refused()
    {
        string[] checking = [StoreStack.S3, StoreStack.Ftp, StoreStack.Sftp];
        await Task.WhenAll(checking.Select(store => stores.OnServerAsync(store, "revoke")));
        var refused = await AttemptAsync();
        await Task.WhenAll(checking.Select(store => stores.OnServerAsync(store, "restore")));

        Failed(refused[StoreStack.S3], "403", "The artifact store refuses the MLflow server", "AccessDenied");
        Failed(refused[StoreStack.Ftp], "403", "The artifact store refuses the MLflow server", "530 Login incorrect");
        Failed(refused[StoreStack.Sftp], "403", "The artifact store refuses the MLflow server", "Authentication failed");
        await AllWorkAsync();
    }

    [Fact]
    public async Task A_host_has_another_key_than_the_known_one()
    {
        await stores.OnServerAsync(StoreStack.Sftp, "another-host-key");
        var refused = await AttemptAsync();
        await stores.OnServerAsync(StoreStack.Sftp, "same-host-key");

        Failed(refused[StoreStack.Sftp], "403", "The artifact store refuses the MLflow server", "Bad host key", "MLFLOW_SFTP_KNOWN_HOSTS");
        await AllWorkAsync();
    }

    [Fact]
    [Trait("Category", "Rare")]
    public async Task Stores_are_down()
    {
        await Task.WhenAll(StoreServers.Stores.Select(stores.StopServerAsync));
        var failed = await AttemptAsync();
        await Task.WhenAll(StoreServers.Stores.Select(stores.StartServerAsync));

        foreach (var store in StoreServers.Stores)
        {
            Failed(failed[store], "424", "The artifact store is not available");
        }

        await AllWorkAsync();
    }

    [Fact]
    [Trait("Category", "Rare")]
    public async Task Stores_are_full()
    {
        foreach (var (store, result) in await stores.AttemptAsync(150 * 1024 * 1024, StoreStack.Ftp, StoreStack.Sftp))
        {
            Failed(result, "424", "The artifact store is not available");
            Assert.Equal(JsonValueKind.Array, result.GetProperty("listed").ValueKind);
            Assert.DoesNotContain(await stores.FilesAsync(store), file => file.StartsWith(".uploading", StringComparison.Ordinal));
        }

        await AllWorkAsync();
    }

    private Task<Dictionary<string, JsonElement>> AttemptAsync() => stores.AttemptAsync(stores: [.. StoreServers.Stores]);

    private async Task AllWorkAsync()
    {
        foreach (var (store, result) in await AttemptAsync())
        {
            Assert.True(result.GetProperty("error").ValueKind == JsonValueKind.Null, $"{store}: {result}");
            Assert.Equal("file.bin", Assert.Single(result.GetProperty("listed").EnumerateArray()).GetString());
        }
    }

    private static void Failed(JsonElement result, string status, params string[] parts)
    {
        foreach (var part in parts.Prepend(status))
        {
            Assert.Contains(part, result.Text("error"), StringComparison.Ordinal);
        }

        // Either nothing is listed, or the listing fails for the same reason.
        var listed = result.GetProperty("listed");
        if (listed.ValueKind == JsonValueKind.Array)
        {
            Assert.Empty(listed.EnumerateArray());
        }
        else
        {
            Assert.Contains(status, listed.GetString(), StringComparison.Ordinal);
        }
    }
}

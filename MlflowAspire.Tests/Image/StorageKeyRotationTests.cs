using System.Text.Json;

namespace MlflowAspire.Tests.Image;

/// <summary>The server signs in to its artifacts with a key, as it can in Azure, and keys change while it is written to.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
public sealed class StorageKeyRotationTests(ImageFixture image)
{
    [Fact]
    public async Task No_write_fails_while_keys_take_turns()
    {
        var database = await image.CreateMigratedDatabaseAsync();
        await using var account = await StorageAccount.CreateAsync(image);
        var oldKey = account.Key(1);
        await using var before = await StartAsync(oldKey);
        await using var load = new RotationLoad(before, RotationLoad.Artifacts);
        await load.WrittenAsync();

        // The server with the second key beside the old one; then the key that nobody uses any more.
        await using var after = await StartAsync(account.Key(2));
        await load.SwitchToAsync(after);
        await before.StopAsync();
        await account.RenewAsync(1);
        await load.WrittenAsync();

        var written = await load.StopAsync();
        var read = "import requests; address = 'http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/rotation'; "
            + $"print(all(requests.get(f'{{address}}/{{name}}', timeout=50).text == name for name in {JsonSerializer.Serialize(written)}))";
        Assert.Equal("True", await after.PythonAsync(read));
        Assert.Contains(
            "Server failed to authenticate the request", (await account.OpenAsync(oldKey, "get_container_properties()")).Errors, StringComparison.Ordinal);
        (await account.OpenAsync(account.Key(1), "get_container_properties()")).Succeeded();

        Task<MlflowServer> StartAsync(string key) =>
            MlflowServer.StartAsync(image, database.Environment.Concat(StorageAccount.Environment(key)), account.WithCertificate);
    }
}

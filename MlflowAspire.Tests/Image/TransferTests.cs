namespace MlflowAspire.Tests.Image;

/// <summary>Files that together are larger than the memory that the server has for them.</summary>
[Collection(ImageCollection.Name)]
[Trait("Category", "Image")]
[Trait("Category", "Rare")]
public class TransferTests(ImageFixture image)
{
    // All that the container may use: its processes, which take more than half of it, and /tmp, which is in memory.
    private const long Memory = 640L << 20;

    [Fact]
    public async Task Files_go_up_and_down_in_less_memory_than_they_have_and_clients_that_read_slowly_cost_little()
    {
        await using var blobs = await BlobServer.StartAsync(image);
        var database = await image.CreateMigratedDatabaseAsync();
        await using var server = await MlflowServer.StartAsync(
            image,
            BlobServer.Settings.Concat(database.Environment),
            container => container.WithCreateParameterModifier(parameters =>
            {
                parameters.HostConfig!.Memory = Memory;
                parameters.HostConfig.MemorySwap = Memory;
            }));

        (await image.RunAsync(MlflowServer.Client, "python", "/scripts/transfers.py", "150", "3")).Succeeded();
        (await image.RunAsync(MlflowServer.Client, "python", "/scripts/slow_readers.py", "64", "60")).Succeeded();

        Assert.Equal(0, await server.StopAsync());
    }
}

using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.ArtifactStores;

[Collection(StoreCollection.Name)]
[Trait("Category", "ArtifactStores")]
public class StoreFlowTests(StoreStack stores)
{
    [Theory]
    [InlineData(StoreStack.S3)]
    [InlineData(StoreStack.S3Direct)]
    [InlineData(StoreStack.Gcs)]
    [InlineData(StoreStack.Ftp)]
    [InlineData(StoreStack.Sftp)]
    [InlineData(StoreStack.Volume)]
    public async Task Artifacts_are_sent_listed_got_overwritten_deleted_and_collected(string store)
    {
        // The script itself compares what it gets with what it sent.
        var result = ScriptResult.Of(await stores.FlowAsync(store));
        var root = store == StoreStack.S3Direct ? "direct/" : "";
        var kept = result.GetProperty("files").EnumerateObject().Select(file => $"{root}{result.Text("kept")}/{file.Name}")
            .Order(StringComparer.Ordinal).ToList();
        var deleted = $"{root}{result.Text("deleted")}/folder/file.txt";
        Assert.Contains(deleted, await stores.FilesAsync(store));

        await stores.Stack.ExecuteOnceAsync(StoreStack.MlflowName(store), "collect-garbage", $"{StoreStack.MlflowName(store)}-gc");

        var files = await stores.FilesAsync(store);
        Assert.DoesNotContain(deleted, files);
        Assert.Equal(kept, files.Where(file => file.StartsWith(root + result.Text("kept"), StringComparison.Ordinal)).Order(StringComparer.Ordinal));

        if (store is StoreStack.S3 or StoreStack.S3Direct)
        {
            await VerifyTransferAsync(result.Text("run_id"), direct: store == StoreStack.S3Direct);
        }
    }

    /// <summary>The log of the S3 server tells who sent the parts of the largest file: a client by presigned URLs, or the MLflow server.</summary>
    private async Task VerifyTransferAsync(string run, bool direct)
    {
        var server = stores.Stack.Resource<ContainerResource>(StoreStack.ServerName(StoreStack.S3));
        var requests = (await stores.Stack.LogAsync(server)).Split('\n').Where(line => line.Contains(run, StringComparison.Ordinal)).ToList();
        var presigned = requests.Where(line => line.Contains("X-Amz-Signature=", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(requests);
        if (direct)
        {
            Assert.Equal(
                10, presigned.Count(line => line.Contains("PUT ", StringComparison.Ordinal) && line.Contains("fifty-mebibytes.bin", StringComparison.Ordinal)));
            Assert.Contains(presigned, line => line.Contains("GET ", StringComparison.Ordinal));
        }
        else
        {
            Assert.Empty(presigned);
        }
    }
}

using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.ArtifactStores;

[Collection(StoreCollection.Name)]
[Trait("Category", "ArtifactStores")]
public class HdfsTests(StoreStack stores)
{
    [Fact]
    public async Task Without_a_hadoop_client_the_server_says_what_it_lacks_and_does_not_start()
    {
        var server = await stores.Stack.WaitForStateAsync(
            StoreStack.MlflowName(StoreStack.Hdfs), snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));

        Assert.Equal(2, server.Snapshot.ExitCode);
        var log = await stores.Stack.LogAsync(server.Resource);
        Assert.Contains("MLFLOW_ARTIFACTS_DESTINATION is a Hadoop file system, which needs what this image lacks", log, StringComparison.Ordinal);
        Assert.Contains("libhdfs.so", log, StringComparison.Ordinal);
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.ArtifactStores;

[Trait("Category", "Stack")]
public class HdfsTests
{
    [Fact]
    public async Task Without_a_hadoop_client_the_server_says_what_it_lacks_and_does_not_start()
    {
        await using var data = new StackData();
        var builder = DistributedApplicationTestingBuilder.Create();
        var database = builder.AddPostgres("postgres").WithImageTag("17.6").AddDatabase("mlflow-db", "mlflow");
        builder.AddMlflow("mlflow").WithBackendStore(database).WithHdfsArtifactStore("namenode", new() { Port = 8020, User = "mlflow" });
        data.ApplyTo(builder);
        await using var stack = new MlflowStack(await builder.BuildAsync().WaitAsync(TimeSpan.FromMinutes(2)));
        await stack.App.StartAsync().WaitAsync(TimeSpan.FromMinutes(2));

        var server = await stack.WaitForStateAsync("mlflow", snapshot => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text));

        Assert.Equal(2, server.Snapshot.ExitCode);
        var log = await stack.LogAsync(server.Resource);
        Assert.Contains("MLFLOW_ARTIFACTS_DESTINATION is a Hadoop file system, which needs what this image lacks", log, StringComparison.Ordinal);
        Assert.Contains("libhdfs.so", log, StringComparison.Ordinal);
    }
}

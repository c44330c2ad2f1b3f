using System.Net;
using System.Text.Json;

namespace MlflowAspire.Tests.Stack;

[Collection(StackCollection.Name)]
[Trait("Category", "Stack")]
public class LocalServerTests(StackFixture fixture)
{
    private const string Api = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default";

    private MlflowStack Stack => fixture.Stack;

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:5000")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example:5000")]
    public async Task A_strangers_host_header_is_forbidden(string host) => Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(host));

    [Theory]
    [InlineData("localhost:12345")]
    [InlineData("mlflow:5000")]
    [InlineData("mlflow.dev.internal:5000")]
    public async Task Its_own_names_are_allowed(string host) => Assert.Equal(HttpStatusCode.OK, await CallAsync(host));

    [Fact]
    public async Task Nothing_but_this_machine_reaches_it() => Assert.Equal("ConnectionRefusedError", await OutsideContainer.CallAsync(Stack));

    [Fact]
    public async Task The_page_is_served()
    {
        using var client = Stack.CreateMlflowClient();
        Assert.Contains("<title>MLflow</title>", await client.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_without_rights_and_without_secrets_in_its_arguments()
    {
        using var inspection = JsonDocument.Parse(await Stack.InspectAsync("mlflow"));
        var container = inspection.RootElement[0];
        Assert.True(container.GetProperty("HostConfig").GetProperty("ReadonlyRootfs").GetBoolean());
        Assert.Equal("ALL", container.GetProperty("HostConfig").GetProperty("CapDrop")[0].GetString());
        Assert.Equal(2L << 30, container.GetProperty("HostConfig").GetProperty("Memory").GetInt64());

        // All processes: their user, and their arguments. The names of the parameters are those of the model.
        var processes = await DockerCli.RunAsync("top", Stack.ContainerId("mlflow"), "-eo", "uid,pid,args");
        Assert.DoesNotContain(processes.Split('\n').Skip(1), line => line.TrimStart().StartsWith("0 ", StringComparison.Ordinal));
        foreach (var secret in fixture.Secrets)
        {
            Assert.DoesNotContain(secret, processes, StringComparison.Ordinal);
            Assert.DoesNotContain(
                secret, await Stack.LogAsync(Stack.Resource<Aspire.Hosting.ApplicationModel.MlflowServerResource>("mlflow")), StringComparison.Ordinal);
        }
    }

    private async Task<HttpStatusCode> CallAsync(string host)
    {
        using var client = Stack.CreateMlflowClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, Api);
        request.Headers.Host = host;
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}

using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class BindAddressTests
{
    [Fact]
    public async Task At_all_addresses_it_may_be_called_by_the_names_of_the_machine()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().WithBindAddress("0.0.0.0").Resource;

        Assert.Equal("0.0.0.0", Endpoint(server).TargetHost);
        var hosts = (await server.EnvironmentAsync(model.Builder))["MLFLOW_SERVER_ALLOWED_HOSTS"].Split(',');
        Assert.Contains("host.docker.internal:*", hosts);
        Assert.Contains($"{Dns.GetHostName()}:*", hosts);
        Assert.DoesNotContain("0.0.0.0", hosts);
    }

    [Fact]
    public async Task At_one_address_it_may_be_called_by_that()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().WithBindAddress("192.0.2.7").Resource;

        Assert.Equal("192.0.2.7", Endpoint(server).TargetHost);
        var hosts = (await server.EnvironmentAsync(model.Builder))["MLFLOW_SERVER_ALLOWED_HOSTS"].Split(',');
        Assert.Contains("192.0.2.7:*", hosts);
        Assert.DoesNotContain("host.docker.internal", hosts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void By_default_and_when_published_nothing_changes(bool isRun)
    {
        var server = (isRun ? TestModel.ToRun().AddMlflow().WithBindAddress("127.0.0.1") : TestModel.ToPublish().AddMlflow().WithBindAddress("0.0.0.0"))
            .Resource;

        Assert.Equal("localhost", Endpoint(server).TargetHost);
        Assert.Empty(server.AllowedHosts);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("::")]
    [InlineData("1")]
    public void What_is_no_address_is_refused(string address) =>
        Assert.StartsWith(
            $"address (of this machine) is '{address}'; accepted: an IPv4 address",
            Assert.Throws<ArgumentException>(() => TestModel.ToRun().AddMlflow().WithBindAddress(address)).Message,
            StringComparison.Ordinal);

    private static EndpointAnnotation Endpoint(MlflowServerResource server) => Assert.Single(server.Annotations.OfType<EndpointAnnotation>());
}

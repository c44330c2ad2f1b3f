using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public sealed class LocalRunTests
{
    [Fact]
    public void A_port_of_the_dashboard_that_is_taken_is_replaced_by_a_free_one()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        var free = LocalPort.Free();
        var configuration = new ConfigurationManager
        {
            ["ASPNETCORE_URLS"] = $"https://localhost:{taken};http://localhost:{free}",
            ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://localhost:{taken}",
        };

        DashboardPorts.ReplaceTaken(configuration);

        var page = configuration["ASPNETCORE_URLS"]!.Split(';').Select(url => new Uri(url)).ToArray();
        Assert.Equal((Uri.UriSchemeHttps, "localhost"), (page[0].Scheme, page[0].Host));
        Assert.NotEqual(taken, page[0].Port);
        Assert.Equal(free, page[1].Port);
        Assert.NotEqual(taken, new Uri(configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"]!).Port);
        Assert.Null(configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]);
    }

    [Fact]
    public void A_second_run_of_a_checkout_is_refused_until_the_first_has_ended()
    {
        var folder = Directory.CreateTempSubdirectory("mlflow-aspire-").FullName;
        try
        {
            using (var first = RunLock.TryTake(folder))
            {
                Assert.NotNull(first);
                Assert.Null(RunLock.TryTake(folder));
            }

            using var next = RunLock.TryTake(folder);
            Assert.NotNull(next);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Only_a_run_soon_after_the_last_one_or_after_a_killed_one_waits_for_its_containers()
    {
        var folder = Directory.CreateTempSubdirectory("mlflow-aspire-").FullName;
        var file = Path.Combine(folder, "obj", "run.lock");
        try
        {
            Assert.False(FollowsClosely());
            Assert.True(FollowsClosely());
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
            Assert.False(FollowsClosely());
            File.WriteAllText(file, "!");
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
            Assert.True(FollowsClosely());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        bool FollowsClosely()
        {
            using var run = RunLock.TryTake(folder)!;
            return run.FollowsClosely;
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public void A_port_is_taken_while_somebody_listens_at_it(string address)
    {
        var port = LocalPort.Free();
        using (var other = new TcpListener(IPAddress.Parse(address), port))
        {
            other.Start();
            Assert.False(LocalPort.IsFree(port));
        }

        Assert.True(LocalPort.IsFree(port));
    }

    [Theory]
    [InlineData("https://localhost:17891", false, true)]
    [InlineData("https://localhost:17891", true, false)]
    [InlineData("http://localhost:15891", false, false)]
    public void A_developer_certificate_is_missed_where_https_asks_for_it(string url, bool isThere, bool isMissing)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", url)]).Build();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        if (isThere)
        {
            request.CertificateExtensions.Add(new(DeveloperCertificate.Extension, [2], critical: false));
        }

        using var certificate = request.CreateSelfSigned(DateTimeOffset.Now, DateTimeOffset.Now.AddDays(1));
        Assert.Equal(isMissing, DeveloperCertificate.IsMissing(configuration, [certificate]));
    }
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public sealed class ServerHealthCheckTests : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Uri _address = new($"http://127.0.0.1:{Stack.AppHostProcess.FreePort()}/health");
    private WebApplication? _server;
    private int _asked;

    [Fact]
    public async Task A_check_waits_for_the_start()
    {
        var result = CheckAsync(new(() => _address));
        await Task.Delay(200);
        await ServeAsync(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);

        Assert.Equal(HealthStatus.Healthy, (await result).Status);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task It_does_not_wait_when_the_server_has_started()
    {
        await ServeAsync(HttpStatusCode.OK, HttpStatusCode.InternalServerError, HttpStatusCode.OK);
        ServerHealthCheck check = new(() => _address);

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(check)).Status);
        var second = await CheckAsync(check);
        Assert.Equal((HealthStatus.Unhealthy, $"{_address} answers 500."), (second.Status, second.Description));
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task A_server_that_does_not_start_is_unhealthy()
    {
        var result = await CheckAsync(new(() => _address) { Patience = TimeSpan.Zero });

        Assert.Equal((HealthStatus.Unhealthy, $"{_address} does not answer."), (result.Status, result.Description));
        Assert.IsType<HttpRequestException>(result.Exception);
    }

    [Fact]
    public async Task It_ends_with_the_app_host()
    {
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));

        ServerHealthCheck check = new(() => _address);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => check.CheckHealthAsync(new(), stop.Token).WaitAsync(s_limit));
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static Task<HealthCheckResult> CheckAsync(ServerHealthCheck check) => check.CheckHealthAsync(new()).WaitAsync(s_limit);

    private async Task ServeAsync(params HttpStatusCode[] answers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Urls.Add(_address.GetLeftPart(UriPartial.Authority));
        _server.MapGet(_address.AbsolutePath, () => Results.StatusCode((int)answers[_asked++]));
        await _server.StartAsync();
    }
}

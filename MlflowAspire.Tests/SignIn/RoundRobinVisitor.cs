using System.Net;

namespace MlflowAspire.Tests.SignIn;

/// <summary>
/// A browser without pages, in front of which servers are taken in turn: each request goes to the next one, under one name and with one jar of cookies.
/// </summary>
/// <param name="address">The address that all servers are visited by.</param>
/// <param name="servers">The servers; the first one is asked first.</param>
internal sealed class RoundRobinVisitor(Uri address, params Uri[] servers) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly CookieContainer _cookies = new();
    private int _requests;

    public void Dispose() => _client.Dispose();

    /// <summary>Asks the next server.</summary>
    public async Task<HttpResponseMessage> GetAsync(string path)
    {
        var server = servers[_requests++ % servers.Length];
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
        request.Headers.Host = address.Authority;
        if (_cookies.GetCookieHeader(address) is { Length: > 0 } cookies)
        {
            request.Headers.Add("Cookie", cookies);
        }

        var response = await _client.SendAsync(request);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var values) ? values : [])
        {
            _cookies.SetCookies(address, cookie);
        }

        return response;
    }

    /// <summary>The status that the next server answers with.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var response = await GetAsync(path);
        return response.StatusCode;
    }

    /// <summary>Where the next server sends the browser.</summary>
    public async Task<Uri> RedirectAsync(string path)
    {
        using var response = await GetAsync(path);
        Assert.True((int)response.StatusCode / 100 == 3, $"{path} is answered with {response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return new Uri(address, response.Headers.Location!);
    }

    /// <summary>What the provider answers to a browser that a server has sent there: where it sends the browser.</summary>
    /// <param name="provider">The address, as this machine reaches it.</param>
    /// <param name="user">The user who sits in front of the browser.</param>
    public async Task<Uri> AuthorizeAsync(Uri provider, string user)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, provider) { Headers = { { "x-user", user } } };
        using var response = await _client.SendAsync(request);
        return response.Headers.Location!;
    }
}

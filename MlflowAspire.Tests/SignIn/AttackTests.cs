using System.Net;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>What somebody who has no account, or one without rights, must not get.</summary>
public abstract class AttackTests(MlflowStack stack)
{
    /// <summary>The routes that are meant to be open, with what they answer to an empty request.</summary>
    protected abstract IReadOnlyList<string> OpenRoutes { get; }

    protected abstract Task<HttpClient> SignInAsync();

    [Fact]
    public async Task Every_route_but_the_known_ones_asks_for_a_sign_in() =>
        Assert.Equal(OpenRoutes.Order(StringComparer.Ordinal), (await ServerRoutes.OpenToEveryoneAsync(stack)).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("/", "evil.example")]
    [InlineData("/login", "evil.example")]
    [InlineData("/api/2.0/mlflow/experiments/get?experiment_id=0", "evil.example:5000")]
    [InlineData("/api/2.0/mlflow/experiments/get?experiment_id=0", "localhost.evil.example")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts?path=", "evil.example")]
    [InlineData("/ajax-api/3.0/mlflow/server-info", "evil.example")]
    [InlineData("/oidc/ui/", "evil.example")]
    public async Task A_strangers_host_header_is_forbidden(string path, string host)
    {
        using var client = await SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = host;
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_write()
    {
        using var client = await SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ajax-api/2.0/mlflow/experiments/create")
        {
            Content = new StringContent("""{"name": "forged"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Origin", "https://evil.example");
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/../../../../../../etc/passwd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/%252e%252e%252f%252e%252e%252fetc%252fpasswd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/%2fetc%2fpasswd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts//etc/passwd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts/file:%2f%2f%2fetc%2fpasswd")]
    [InlineData("/api/2.0/mlflow-artifacts/artifacts?path=../../../etc")]
    [InlineData("/static-files/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/static-files/../../../../../etc/passwd")]
    [InlineData("/get-artifact?run_uuid=x&path=../../../../etc/passwd")]
    [InlineData("/model-versions/get-artifact?name=x&version=1&path=..%2f..%2fetc%2fpasswd")]
    public async Task A_path_leads_to_no_file_of_the_server(string path)
    {
        // As it is written here: a client of .NET would resolve the dots before it sends the request.
        using var client = await SignInAsync();
        var address = new Uri(
            client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Put })
        {
            using var request = new HttpRequestMessage(method, address) { Content = method == HttpMethod.Put ? new StringContent("content") : null };
            using var response = await client.SendAsync(request);

            Assert.InRange((int)response.StatusCode, 400, 499);
            Assert.DoesNotContain("root:", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }
}

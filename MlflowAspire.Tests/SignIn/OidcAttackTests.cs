namespace MlflowAspire.Tests.SignIn;

[Collection(OidcCollection.Name)]
[Trait("Category", "SignIn")]
public class OidcAttackTests(OidcFixture fixture) : AttackTests(fixture.Stack)
{
    protected override IReadOnlyList<string> OpenRoutes { get; } =
    [
        "GET /health 200", "HEAD /health 200", "OPTIONS /health 200", "GET /health/live 200", "GET /health/ready 200", "GET /health/startup 200",
        // The way in: to the provider, and back with an answer that is of no login.
        "GET /login 302",
        "GET /login/{provider_id} 404",
        "GET /callback 302",
        "GET /callback/{provider_id} 404",
        "POST /callback/{provider_id} 404",
        "GET /providers 200",
        
        // SAML, of which nothing is set up.
        "GET /saml/metadata/{provider_id} 404", "GET /slo/{provider_id} 404",
        // The plugin's own page, which learns nothing without a sign-in, and the scripts of MLflow's.
        "GET /oidc/ui 307", "GET /oidc/ui/ 200", "GET /oidc/ui/config.json 200", "GET /oidc/ui/{filename:path} 200",
        "GET /static-files/<path:path> 404", "HEAD /static-files/<path:path> 404", "OPTIONS /static-files/<path:path> 200",
        // Refused to everyone but administrators, and so to strangers.
        "GET /oidc/trash/experiments 403", "GET /oidc/trash/runs 403", "POST /oidc/trash/cleanup 403",
        "POST /oidc/trash/experiments/{experiment_id}/restore 403", "POST /oidc/trash/runs/{run_id}/restore 403",
    ];

    protected override async Task<HttpClient> SignInAsync() => fixture.CreateClient(await fixture.GetTokenAsync());

    [Fact]
    public async Task Forwarded_headers_of_a_client_change_no_address()
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        using var known = fixture.Stack.CreateMlflowClient();
        using var client = new HttpClient(handler) { BaseAddress = known.BaseAddress };
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        (string, string)[] forwarded =
            [("Proto", "https"), ("Host", "evil.example"), ("Port", "8443"), ("Prefix", "/evil"), ("For", "127.0.0.1"), ("Server", "evil.example")];
        foreach (var (name, value) in forwarded)
        {
            client.DefaultRequestHeaders.Add($"X-Forwarded-{name}", value);
        }

        client.DefaultRequestHeaders.Add("Forwarded", "for=127.0.0.1;host=evil.example;proto=https");

        using var login = await client.GetAsync("/login");
        Assert.Equal(
            new Uri(client.BaseAddress!, "/callback").ToString(), System.Web.HttpUtility.ParseQueryString(login.Headers.Location!.Query)["redirect_uri"]);
        // An answer that belongs to no login.
        using var callback = await client.GetAsync("/callback?state=unknown");
        Assert.StartsWith(new Uri(client.BaseAddress!, "/oidc/ui/auth?error=").ToString(), callback.Headers.Location!.ToString(), StringComparison.Ordinal);
        using var page = await client.GetAsync("/");
        Assert.Equal("/login?next=%2F", page.Headers.Location!.ToString());
    }
}

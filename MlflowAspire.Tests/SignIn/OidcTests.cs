using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

[Collection(OidcCollection.Name)]
[Trait("Category", "SignIn")]
public class OidcTests(OidcFixture fixture)
{
    private const string Experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0";

    private MlflowStack Stack => fixture.Stack;

    [Theory]
    [InlineData("alice", false)]
    [InlineData("root", true)]
    public async Task People_log_in_with_the_browser_and_groups_say_who_is_administrator(string user, bool isAdmin)
    {
        var page = await LogInAsync(user, shown: true);

        await page.GetByText("Experiments").First.WaitForAsync();
        using var account = JsonDocument.Parse(await page.EvaluateAsync<string>("fetch('/api/2.0/mlflow/users/current').then(response => response.text())"));
        Assert.Equal($"{user}@example.com", account.RootElement.GetProperty("username").GetString());
        Assert.Equal(isAdmin, account.RootElement.GetProperty("is_admin").GetBoolean());
    }

    [Fact]
    public async Task Who_is_in_none_of_the_groups_stays_outside()
    {
        var page = await LogInAsync("mallory");

        Assert.Contains("error", page.Url, StringComparison.Ordinal);
        Assert.Equal(401, await page.EvaluateAsync<int>($"fetch('{Experiment}').then(response => response.status)"));
    }

    [Fact]
    public async Task Machines_use_the_python_client_with_a_bearer_token() =>
        Assert.Contains("doubles [1.0, 2.5] to [2.0, 5.0]", await fixture.RunQuickstartAsync(), StringComparison.Ordinal);

    public static TheoryData<string, string, object> BadTokens() => new()
    {
        { "provider", "exp", 1_700_000_000 },
        { "provider", "nbf", 4_000_000_000 },
        { "provider", "aud", "another-application" },
        { "provider", "iss", "http://oidc.dev.internal:8080/another-tenant" },
        { "provider", "iss", "http://oidc.dev.internal:8080" },
        { "provider", "groups", "strangers" },
        { "forger", "sub", "machine" },
    };

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_is_not_right_is_refused(string signedBy, string claim, object value)
    {
        using var client = fixture.CreateClient(await fixture.GetTokenAsync(new() { ["email"] = $"{claim}@example.com", [claim] = value }, signedBy));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client));
    }

    [Fact]
    public async Task A_token_without_signature_is_refused()
    {
        var parts = (await fixture.GetTokenAsync()).Split('.');
        var header = Convert.ToBase64String("""{"alg":"none","typ":"JWT"}"""u8).TrimEnd('=');
        foreach (var token in new[] { $"{header}.{parts[1]}.", $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}.{parts[2][..^8]}AAAAAAAA" })
        {
            using var client = fixture.CreateClient(token);
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client));
        }
    }

    [Fact]
    public async Task A_machine_that_loses_its_groups_loses_its_access()
    {
        Task<string> TokenAsync(params string[] groups) =>
            fixture.GetTokenAsync(new() { ["sub"] = "mover", ["email"] = "mover@example.com", ["groups"] = groups });
        using var member = fixture.CreateClient(await TokenAsync("mlflow", "others"));
        using var stranger = fixture.CreateClient(await TokenAsync("others"));
        using var nobody = fixture.CreateClient(await TokenAsync());

        // A route of MLflow's Flask app, one of its FastAPI routers and one of the plugin.
        foreach (var path in new[] { Experiment, "/ajax-api/3.0/jobs/no-such-job", "/api/2.0/mlflow/users/current" })
        {
            foreach (var (client, admitted) in new[] { (member, true), (stranger, false), (nobody, false), (member, true) })
            {
                using var response = await client.GetAsync(path);
                Assert.Equal(admitted, response.StatusCode is not HttpStatusCode.Unauthorized);
            }
        }
    }

    [Fact]
    public async Task A_bearer_token_makes_a_user_of_a_machine_and_no_administrator()
    {
        using var client = fixture.CreateClient(
            await fixture.GetTokenAsync(new() { ["sub"] = "boss", ["email"] = "boss@example.com", ["groups"] = new[] { "mlflow-admin" } }));
        using var account = JsonDocument.Parse(await client.GetStringAsync("/api/2.0/mlflow/users/current"));
        Assert.False(account.RootElement.GetProperty("is_admin").GetBoolean());
    }

    [Fact]
    public async Task A_user_may_read_what_is_anothers_and_not_change_it()
    {
        using var alice = fixture.CreateClient(await fixture.GetTokenAsync(new() { ["sub"] = "owner", ["email"] = "owner@example.com" }));
        using var created = await alice.PostAsync(
            "/api/2.0/mlflow/experiments/create", new StringContent("""{"name": "of the owner"}""", Encoding.UTF8, "application/json"));
        using var answer = JsonDocument.Parse(await created.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        var id = answer.RootElement.GetProperty("experiment_id").GetString();

        using var other = fixture.CreateClient(await fixture.GetTokenAsync(new() { ["sub"] = "other", ["email"] = "other@example.com" }));
        using var read = await other.GetAsync($"/api/2.0/mlflow/experiments/get?experiment_id={id}");
        using var written = await other.PostAsync(
            "/api/2.0/mlflow/experiments/delete", new StringContent($$"""{"experiment_id": "{{id}}"}""", Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, written.StatusCode);
    }

    [Fact]
    public async Task A_user_who_is_deactivated_is_out_at_once()
    {
        Task<string> TokenAsync(string group) =>
            fixture.GetTokenAsync(new() { ["sub"] = "leaver", ["email"] = "leaver@example.com", ["groups"] = new[] { group } });
        using var leaver = fixture.CreateClient(await TokenAsync("mlflow"));
        using var without = fixture.CreateClient(await TokenAsync("others"));
        using var issued = await leaver.PostMlflowAsync("users/current/tokens", new { name = "of the leaver", expiration = DateTime.UtcNow.AddDays(29) });
        using var accessToken = JsonDocument.Parse(await issued.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        using var basic = Stack.CreateMlflowClient();
        var credentials = $"leaver@example.com:{accessToken.RootElement.GetProperty("token").GetString()}";
        basic.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(leaver));
        // An access token has no groups, so that it outlives them.
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(without));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(basic));

        var administrator = await LogInAsync("root");
        Assert.Equal(200, await administrator.EvaluateAsync<int>(
            """
            fetch('/api/2.0/mlflow/users/leaver@example.com/active', {
                method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"active": false}',
            }).then(response => response.status)
            """));

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(leaver));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(basic));
    }

    [Fact]
    public async Task A_logout_ends_the_session()
    {
        var page = await LogInAsync("alice");
        var cookie = await SessionAsync(page);
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Lax, cookie.SameSite);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(cookie));

        using var client = Stack.CreateMlflowClient();
        await page.GotoAsync(new Uri(client.BaseAddress!, "/logout").ToString());

        // By way of the provider, which sends the browser back.
        Assert.Equal(new Uri(client.BaseAddress!, "/oidc/ui/auth").ToString(), page.Url);
        Assert.Equal(401, await page.EvaluateAsync<int>($"fetch('{Experiment}').then(response => response.status)"));
        // Nor is a copy of the cookie of any use.
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(cookie));
    }

    [Fact]
    public async Task A_login_and_a_logout_go_on_at_whatever_replica_is_asked_next()
    {
        var (replica, second) = await fixture.StartReplicaAsync();
        await using var _ = replica;
        using var server = Stack.CreateMlflowClient();
        var first = server.BaseAddress!;

        foreach (var order in new[] { new[] { first, second }, [second, first] })
        {
            using var visitor = new RoundRobinVisitor(first, order);
            Assert.Equal(HttpStatusCode.Unauthorized, await visitor.StatusAsync(Experiment));
            Assert.Equal(HttpStatusCode.Unauthorized, await visitor.StatusAsync(Experiment));

            // One sends the browser to the provider, the other is sent the code.
            var callback = await visitor.AuthorizeAsync(fixture.AtProvider(await visitor.RedirectAsync("/login")), "alice");
            Assert.Equal((first.Authority, "/callback"), (callback.Authority, callback.AbsolutePath));
            await visitor.RedirectAsync(callback.PathAndQuery);
            Assert.Equal(HttpStatusCode.OK, await visitor.StatusAsync(Experiment));
            Assert.Equal(HttpStatusCode.OK, await visitor.StatusAsync(Experiment));

            await visitor.RedirectAsync("/logout");
            Assert.Equal(HttpStatusCode.Unauthorized, await visitor.StatusAsync(Experiment));
            // A code is of use once, wherever.
            await visitor.StatusAsync(callback.PathAndQuery);
            Assert.Equal(HttpStatusCode.Unauthorized, await visitor.StatusAsync(Experiment));
            Assert.Equal(HttpStatusCode.Unauthorized, await visitor.StatusAsync(Experiment));
        }
    }

    [Fact]
    public async Task A_session_ends_with_the_token_of_its_login()
    {
        // The plugin ends it 30 seconds before the provider's token, for clocks that differ.
        var cookie = await SessionAsync(await LogInAsync("brief"));
        var other = await SessionAsync(await LogInAsync("alice"));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await StatusAsync(cookie) is HttpStatusCode.OK)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), limit.Token);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(cookie));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(other));
    }

    [Fact]
    public async Task Secrets_are_in_the_environment_and_nowhere_else()
    {
        await fixture.RunQuickstartAsync();
        var token = fixture.MachineToken!;
        using var refused = fixture.CreateClient(token[..^8]);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(refused));

        foreach (var container in new[] { "mlflow", "mlflow-migrate", "quickstart", "postgres", "oidc" })
        {
            await Stack.AssertNowhereButInTheEnvironmentAsync(container, [.. fixture.Secrets, token, token[..^8]]);
        }
    }

    private static async Task<BrowserContextCookiesResult> SessionAsync(IPage page) =>
        Assert.Single(await page.Context.CookiesAsync(), cookie => cookie.Name == "session");

    /// <summary>The answer to a request with nothing but a cookie.</summary>
    private async Task<HttpStatusCode> StatusAsync(BrowserContextCookiesResult cookie)
    {
        using var client = Stack.CreateMlflowClient();
        client.DefaultRequestHeaders.Add("Cookie", $"{cookie.Name}={cookie.Value}");
        return await StatusAsync(client);
    }

    private static Task<HttpStatusCode> StatusAsync(HttpClient client) => client.StatusAsync(Experiment);

    /// <summary>Opens MLflow as the user who is known to the provider: the server sends the browser there, and the provider sends it back.</summary>
    /// <param name="user">The user.</param>
    /// <param name="shown">Whether the page runs, which a session does not need.</param>
    private async Task<IPage> LogInAsync(string user, bool shown = false)
    {
        using var client = Stack.CreateMlflowClient();
        var page = await fixture.Browser.NewPageAsync(new() { ExtraHTTPHeaders = [new("x-user", user)] });
        if (!shown)
        {
            await page.RouteAsync("**/static-files/**", route => route.AbortAsync());
        }

        var response = await page.GotoAsync(client.BaseAddress!.ToString());
        Assert.Equal(200, response!.Status);
        Assert.Equal(client.BaseAddress.Authority, new Uri(page.Url).Authority);
        return page;
    }
}

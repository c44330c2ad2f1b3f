using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

[Collection(BasicAuthCollection.Name)]
[Trait("Category", "SignIn")]
public class BasicAuthTests(BasicAuthFixture fixture)
{
    private const string Experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0";

    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task The_python_client_signs_in_with_what_the_reference_gives_it()
    {
        Assert.Contains("doubles [1.0, 2.5] to [2.0, 5.0]", await fixture.RunQuickstartAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_is_collected_and_the_demo_loaded()
    {
        var ids = ScriptResult.Of(await Stack.RunOnceAsync("delete-runs"));
        await Stack.ExecuteOnceAsync("mlflow", "collect-garbage", "mlflow-gc");
        await Stack.ExecuteOnceAsync("mlflow", "load-demo-data", "mlflow-demo");

        using var client = fixture.CreateAdminClient();
        Assert.Equal(HttpStatusCode.OK, await client.StatusAsync($"/api/2.0/mlflow/runs/get?run_id={ids.Text("kept")}"));
        Assert.Equal(HttpStatusCode.NotFound, await client.StatusAsync($"/api/2.0/mlflow/runs/get?run_id={ids.Text("with_artifacts")}"));
        Assert.Equal(HttpStatusCode.OK, await client.StatusAsync("/api/2.0/mlflow/experiments/get-by-name?experiment_name=MLflow%20Demo"));
    }

    [Fact]
    public async Task An_operator_looks_inside()
    {
        await Stack.ExecuteAsync("mlflow", "check");
        Assert.Matches(@"users: [\d,]+", await OperationAsync());

        const string Secret = "told to nobody";
        await Stack.ExecuteAsync(
            "mlflow",
            "run-sql",
            Argument("statement", $"SELECT is_admin, '100 % \"x\"' AS text\nFROM users WHERE username IN ('admin', '{Secret}')"),
            Argument("users", "true"));
        Assert.Matches("is_admin,text\\s.*True,\"100 % \"\"x\"\"\"", await OperationAsync());
        await Stack.AssertNowhereButInTheEnvironmentAsync("mlflow-operation", [Secret]);

        var delete = await Stack.TryExecuteAsync("mlflow", "run-sql", Argument("statement", "DELETE FROM users"), Argument("users", "true"));
        Assert.False(delete.Success);
        Assert.Contains("cannot execute DELETE in a read-only transaction", await OperationAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_mends_the_administrator()
    {
        await Stack.ExecuteAsync(
            "mlflow",
            "change-by-sql",
            Argument("statement", "UPDATE users SET is_admin = false, password_hash = 'forgotten' WHERE username = 'admin'"),
            Argument("users", "true"));
        var list = Stack.TryExecuteAsync("mlflow", "list-users");
        var meanwhile = await Stack.TryExecuteAsync("mlflow", "reset-administrator");
        Assert.StartsWith("mlflow-operation is running", meanwhile.Message, StringComparison.Ordinal);
        Assert.True((await list).Success);
        Assert.DoesNotMatch(@"admin\W+administrator", await OperationAsync());

        await Stack.ExecuteAsync("mlflow", "reset-administrator");

        using var admin = fixture.CreateAdminClient();
        Assert.Equal(HttpStatusCode.OK, await admin.StatusAsync("/api/2.0/mlflow/users/get?username=admin"));
        await Stack.ExecuteAsync("mlflow", "list-users");
        Assert.Matches(@"admin\W+administrator", await OperationAsync());
    }

    [Fact]
    public async Task Users_may_do_what_their_permissions_say()
    {
        var result = ScriptResult.Of(await Stack.RunOnceAsync("users")).EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString());

        string[] done = ["admin_writes", "reader_reads", "reader_makes_own", "editor_writes"];
        string[] refused = ["reader_writes", "reader_makes_user", "editor_deletes", "wrong_password", "unknown_user"];
        Assert.Equal(
            done.Select(key => (key, "done")).Concat(refused.Select(key => (key, "refused"))).Order(),
            result.Select(entry => (entry.Key, entry.Value!)).Order());
    }

    [Fact]
    [Trait("Category", "Rare")]
    public async Task A_hundred_bad_logins_at_once_are_all_refused_and_keep_nobody_out()
    {
        using var admin = fixture.CreateAdminClient();
        await BadLogins.AssertKeepNobodyOutAsync(
            number => fixture.CreateClient(number % 2 == 0 ? "admin" : $"nobody-{number}", $"guess-{number}"), admin, Experiment);
    }

    [Fact]
    public async Task A_changed_password_and_a_deleted_user_lose_their_access_at_once()
    {
        using var admin = fixture.CreateAdminClient();
        using var before = fixture.CreateClient("leaver", "the password before");
        using var after = fixture.CreateClient("leaver", "the password after");
        await SendAsync(admin, HttpMethod.Post, "create", new { username = "leaver", password = "the password before" });
        Assert.Equal(HttpStatusCode.OK, await before.StatusAsync(Experiment));

        await SendAsync(admin, HttpMethod.Patch, "update-password", new { username = "leaver", password = "the password after" });
        Assert.Equal(HttpStatusCode.OK, await after.StatusAsync(Experiment));
        Assert.Equal(HttpStatusCode.Unauthorized, await before.StatusAsync(Experiment));

        await SendAsync(admin, HttpMethod.Delete, "delete", new { username = "leaver" });
        Assert.Equal(HttpStatusCode.Unauthorized, await after.StatusAsync(Experiment));
    }

    [Fact]
    public async Task The_browser_signs_in_and_uses_the_server()
    {
        using var client = Stack.CreateMlflowClient();
        var page = await fixture.Browser.NewPageAsync(new() { HttpCredentials = new() { Username = "admin", Password = fixture.AdminPassword } });
        ConcurrentQueue<string> failures = [];
        page.RequestFailed += (_, request) => failures.Enqueue($"{request.Method} {request.Url}: {request.Failure}");

        var response = await page.GotoAsync(client.BaseAddress!.ToString());

        Assert.Equal(200, response!.Status);
        await page.GetByText("Experiments").First.WaitForAsync();
        Assert.EndsWith("MLflow", await page.TitleAsync(), StringComparison.Ordinal);
        // What the page itself sends names its origin. This is about the answer: a request that gets none is repeated.
        var status = 0;
        for (var tries = 0; status == 0 && tries < 3; tries++)
        {
            status = await page.EvaluateAsync<int>(
                """
                fetch(
                    '/ajax-api/2.0/mlflow/experiments/search',
                    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"max_results": 1}' })
                    .then(response => response.status, () => 0)
                """);
        }

        Assert.True(status == 200, $"{status}: {string.Join(", ", failures)}");
    }

    [Theory]
    [InlineData("admin", "a wrong password")]
    [InlineData("", "")]
    public async Task The_browser_is_kept_out(string user, string password)
    {
        using var client = Stack.CreateMlflowClient();
        var page = await fixture.Browser.NewPageAsync(user.Length == 0 ? new() : new() { HttpCredentials = new() { Username = user, Password = password } });

        // Chromium has nothing to show for an answer that asks for a password nobody types.
        var status = 0;
        page.Response += (_, response) => status = response.Status;
        try
        {
            await page.GotoAsync(client.BaseAddress!.ToString());
        }
        catch (Microsoft.Playwright.PlaywrightException exception) when (exception.Message.Contains("ERR_INVALID_AUTH_CREDENTIALS", StringComparison.Ordinal))
        {
        }

        Assert.Equal(401, status);
    }

    private Task<string> OperationAsync() => Stack.LogAsync(Stack.Resource<ContainerResource>("mlflow-operation"));

    private static InteractionInput Argument(string name, string value) => new() { Name = name, InputType = InputType.Text, Value = value };

    private static async Task SendAsync(HttpClient client, HttpMethod method, string action, object body)
    {
        using var request = new HttpRequestMessage(method, $"/api/2.0/mlflow/users/{action}") { Content = JsonContent.Create(body) };
        // MLflow reads no body of unknown length.
        await request.Content.LoadIntoBufferAsync();
        using var response = await client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, $"{action}: {await response.Content.ReadAsStringAsync()}");
    }
}

using System.Text.Json;
using DotNet.Testcontainers.Containers;
using Microsoft.Playwright;

namespace MlflowAspire.Tests.Image;

/// <summary>Several servers on one database, one artifact store and one queue, with jobs, sign-in and telemetry on.</summary>
[Collection(ReplicasCollection.Name)]
[Trait("Category", "Image")]
public sealed class ReplicasTests(ReplicasFixture replicas)
{
    [Fact]
    public async Task A_judge_scores_a_trace_in_a_job_with_a_provider_whose_certificate_is_trusted_by_a_setting()
    {
        const string key = "sk-of-the-provider-1234567890";

        var result = JsonSerializer.Deserialize<JsonElement>(LastLine(
            await replicas.RunAsync("/scripts/gateway_and_jobs.py", ReplicasFixture.Provider, key)));

        Assert.Contains(key, result.GetProperty("chat").GetString(), StringComparison.Ordinal);
        Assert.True(result.GetProperty("job").GetProperty("status").GetString() == "SUCCEEDED", result.ToString());
        var assessment = Assert.Single(result.GetProperty("assessments").EnumerateArray());
        Assert.Equal(("polite", "yes", $"Bearer {key}"), (assessment[0].GetString(), assessment[1].GetString(), assessment[2].GetString()));

        // People see it beside the trace.
        var page = await replicas.OpenAsync($"/#/experiments/{result.GetProperty("experiment")}/traces");
        await replicas.WaitForAsync(page.GetByText("polite", new() { Exact = true }));
        // Not by its role: a hint that the page begins with hides the table from it.
        var trace = page.Locator("[role=row]").Filter(new() { HasText = "That way, please." });
        await replicas.WaitForAsync(trace.GetByText("Yes", new() { Exact = true }));

        // The key is in no table as it is, nor in what the servers have written.
        var stored = await replicas.Database.ReadAsync<string>("SELECT string_agg(secrets::text, ' ') FROM secrets");
        Assert.Contains("openai", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(key, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(key)), stored, StringComparison.Ordinal);
        Assert.DoesNotContain(key, await replicas.First.LogsAsync() + await replicas.Second.LogsAsync(), StringComparison.Ordinal);

        foreach (var line in new[]
        {
            "span root: POST /gateway/{endpoint_name}/mlflow/invocations",
            "span root: POST /ajax-api/3.0/mlflow/scorer/invoke",
            "span of another: SELECT",
            "metric mlflow.jobs: mlflow.job.name=invoke_scorer mlflow.job.status=SUCCEEDED",
            "metric db.client.connection.count: db.client.connection.pool.name=db/",
        })
        {
            await replicas.Collector.WaitForLogAsync(line);
        }

        Assert.DoesNotContain("span root: SELECT", await replicas.Collector.LogsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_told_to_prometheus_inside_alone()
    {
        const string ask = "import requests; print(requests.get('{0}').text)";
        const string search = "/api/2.0/mlflow/experiments/search?max_results=1";
        Assert.Equal(200, await replicas.First.StatusAsync(search, ReplicasFixture.Administrator, ReplicasFixture.AdminPassword));

        var inside = await Task.WhenAll(
            new[] { "replica-a", "replica-b" }.Select(name => replicas.RunAsync(
                "-c", string.Format(System.Globalization.CultureInfo.InvariantCulture, ask, $"http://{name}:5001/metrics"))));

        Assert.Contains(inside, page => page.Contains("http_route=\"/api/2.0/mlflow/experiments/search\"", StringComparison.Ordinal));
        Assert.Equal(401, await replicas.First.StatusAsync("/metrics"));
    }

    [Fact]
    public async Task What_a_visitor_begins_at_one_replica_goes_on_at_the_other()
    {
        // The form of the page for new users, and the token against forgery in it, are of one replica; the other takes them.
        var output = await replicas.RunAsync("-c", """
            import os, re, requests
            session = requests.Session()
            session.auth = (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])
            page = session.get("http://replica-a:5000/signup")
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
            form = {"csrf_token": token, "username": "visitor", "password": "password of a visitor"}
            made = session.post("http://replica-b:5000/api/2.0/mlflow/users/create-ui", data=form, cookies=session.cookies.get_dict(), allow_redirects=False)
            visitor = [requests.get(f"http://{name}:5000/api/2.0/mlflow/users/get?username=visitor", auth=("visitor", form["password"])).status_code
                       for name in ("replica-a", "replica-b")]
            print(made.status_code, *visitor)
            """);

        Assert.Matches("^(200|302) 200 200$", LastLine(output));
    }

    [Fact]
    public async Task Prompts_and_their_versions_are_registered_in_the_browser()
    {
        var page = await replicas.OpenAsync("/#/prompts");
        await page.GetByTestId("create-prompt-button").Or(page.GetByTestId("create-prompt-empty-state-button")).First.ClickAsync();
        await page.GetByLabel("Name:").FillAsync("greeting");
        await SaveAsync("Hello {{ name }}", "first words");
        await replicas.WaitForAsync(page.GetByText("Hello {{ name }}").First);

        await page.GetByRole(AriaRole.Button, new() { Name = "Create prompt version" }).ClickAsync();
        await SaveAsync("Good day {{ name }}", "more polite");
        await replicas.WaitForAsync(page.GetByText("Viewing version 2"));

        // What the servers have kept, by the list of prompts and by each version.
        page = await replicas.OpenAsync("/#/prompts");
        await replicas.WaitForAsync(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "greeting" }).GetByText("Version 2"));
        await page.GetByRole(AriaRole.Link, new() { Name = "greeting" }).ClickAsync();
        (string, string, string)[] versions = [("Version 2", "Good day {{ name }}", "more polite"), ("Version 1", "Hello {{ name }}", "first words")];
        foreach (var (version, text, message) in versions)
        {
            await page.GetByText(version, new() { Exact = true }).First.ClickAsync();
            await replicas.WaitForAsync(page.GetByText(text).First);
            await replicas.WaitForAsync(page.GetByText(message).First);
        }

        async Task SaveAsync(string text, string message)
        {
            var dialog = page.GetByRole(AriaRole.Dialog);
            await dialog.GetByPlaceholder("Type prompt content here").FillAsync(text);
            await dialog.GetByLabel("Commit message").FillAsync(message);
            await dialog.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
            await dialog.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        }
    }

    [Fact]
    public async Task Periodic_jobs_run_at_one_replica()
    {
        const string count = "import glob; print(sum(open(f).read() == 'periodic tasks\\n' for f in glob.glob('/proc/[0-9]*/comm')))";

        Assert.Equal(("1", "0"), (await replicas.First.PythonAsync(count), await replicas.Second.PythonAsync(count)));
    }

    [Fact]
    public async Task Nothing_that_was_acknowledged_is_lost_when_a_replica_is_restarted_under_load()
    {
        await using var load = replicas.Script("/scripts/replica_load.py", "4").Build();
        await load.StartAsync();
        await load.WaitForLogAsync("writing");

        await replicas.Second.RestartAsync();
        await load.ExecAsync(["touch", "/tmp/stop"]);

        var result = JsonSerializer.Deserialize<JsonElement>(LastLine((await ImageRun.EndOfAsync(load)).Succeeded().Output));
        Assert.True(result.GetProperty("acknowledged").GetInt32() > 20, result.ToString());
        Assert.Empty(result.GetProperty("lost").EnumerateArray());
    }

    private static string LastLine(string output) => output.TrimEnd().Split('\n')[^1];
}

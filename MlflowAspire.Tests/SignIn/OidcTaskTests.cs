using System.Net;
using System.Text.Json;
using MlflowAspire.Tests.Stack;
using Npgsql;

namespace MlflowAspire.Tests.SignIn;

/// <summary>The tasks of the server can log in to no provider.</summary>
[Collection(OidcCollection.Name)]
[Trait("Category", "SignIn")]
public class OidcTaskTests(OidcFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task Garbage_is_collected()
    {
        using var client = fixture.CreateClient(await fixture.GetTokenAsync());
        var experiment = await CreateAsync(client, "experiments/create", new { name = "garbage" }, "experiment_id");
        var run = await CreateAsync(client, "runs/create", new { experiment_id = experiment }, "run", "info", "run_id");
        using var artifact = new StringContent("content");
        using var sent = await client.PutAsync($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/file.txt", artifact);
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        using var deleted = await client.PostMlflowAsync("runs/delete", new { run_id = run });
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.NotEmpty(await Stack.BlobsAsync($"{experiment}/{run}/"));

        await Stack.ExecuteAsync("mlflow", "collect-garbage");

        Assert.Empty(await Stack.BlobsAsync($"{experiment}/{run}/"));
        using var gone = await client.GetAsync($"/api/2.0/mlflow/runs/get?run_id={run}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await Stack.AssertNowhereButInTheEnvironmentAsync("mlflow-gc", fixture.Secrets);
    }

    [Fact]
    public async Task The_demo_is_loaded_twice_with_a_token_that_ends_with_it()
    {
        await Stack.ExecuteAsync("mlflow", "load-demo-data");
        await Stack.ExecuteAsync("mlflow", "load-demo-data");

        using var client = fixture.CreateClient(await fixture.GetTokenAsync());
        using var demo = await client.GetAsync("/api/2.0/mlflow/experiments/get-by-name?experiment_name=MLflow%20Demo");
        Assert.Equal(HttpStatusCode.OK, demo.StatusCode);
        Assert.Equal((1, 0), await AccountAsync());
        await Stack.AssertNowhereButInTheEnvironmentAsync("mlflow-demo", fixture.Secrets);
    }

    /// <summary>How many accounts the demo has, and how many tokens.</summary>
    private async Task<(long Accounts, long Tokens)> AccountAsync()
    {
        await using var connection = new NpgsqlConnection(await Stack.ConnectionStringAsync("mlflow-auth-db"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select count(distinct users.id), count(user_tokens.id) from users left join user_tokens on user_id = users.id where username = 'mlflow-demo'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<string> CreateAsync(HttpClient client, string method, object body, params string[] path)
    {
        using var response = await client.PostMlflowAsync(method, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        using var answer = JsonDocument.Parse(text);
        return path.Aggregate(answer.RootElement, (element, name) => element.GetProperty(name)).GetString()!;
    }
}

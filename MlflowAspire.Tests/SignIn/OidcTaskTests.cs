using System.Net;
using MlflowAspire.Tests.Stack;

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
        using var madeExperiment = await client.PostMlflowAsync("experiments/create", new { name = "garbage" });
        var experiment = (await madeExperiment.ReadJsonAsync()).Text("experiment_id");
        using var madeRun = await client.PostMlflowAsync("runs/create", new { experiment_id = experiment });
        var run = (await madeRun.ReadJsonAsync()).GetProperty("run").GetProperty("info").Text("run_id");
        using var artifact = new StringContent("content");
        using var sent = await client.PutAsync($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/file.txt", artifact);
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        using var deleted = await client.PostMlflowAsync("runs/delete", new { run_id = run });
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.NotEmpty(await Stack.BlobsAsync($"{experiment}/{run}/"));

        await Stack.ExecuteOnceAsync("mlflow", "collect-garbage", "mlflow-gc");

        Assert.Empty(await Stack.BlobsAsync($"{experiment}/{run}/"));
        Assert.Equal(HttpStatusCode.NotFound, await client.StatusAsync($"/api/2.0/mlflow/runs/get?run_id={run}"));
        await Stack.AssertNowhereButInTheEnvironmentAsync("mlflow-gc", fixture.Secrets);
    }

    /// <summary>That the account is found again, and gets another token, is tested in the image's package: loading takes a minute on two busy cores.</summary>
    [Fact]
    public async Task The_demo_is_loaded_with_a_token_that_ends_with_it()
    {
        await Stack.ExecuteOnceAsync("mlflow", "load-demo-data", "mlflow-demo");

        using var client = fixture.CreateClient(await fixture.GetTokenAsync());
        Assert.Equal(HttpStatusCode.OK, await client.StatusAsync("/api/2.0/mlflow/experiments/get-by-name?experiment_name=MLflow%20Demo"));
        Assert.Single(await Stack.QueryUsersAsync<int>("select id from users where username = 'mlflow-demo'"));
        Assert.Empty(
            await Stack.QueryUsersAsync<int>("select user_tokens.id from user_tokens join users on user_id = users.id where username = 'mlflow-demo'"));
        await Stack.AssertNowhereButInTheEnvironmentAsync("mlflow-demo", fixture.Secrets);
    }
}

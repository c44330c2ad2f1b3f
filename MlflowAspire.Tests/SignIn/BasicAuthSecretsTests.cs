using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>Secrets are where they belong, survive restarts and can be changed.</summary>
[Collection(BasicAuthCollection.Name)]
[Trait("Category", "SignIn")]
public class BasicAuthSecretsTests(BasicAuthFixture fixture)
{
    private MlflowStack Stack => fixture.Stack;

    [Fact]
    public async Task Secrets_are_in_the_environment_and_nowhere_else()
    {
        await fixture.RunQuickstartAsync();
        foreach (var container in new[] { "mlflow", "mlflow-migrate", "quickstart", "postgres", "storage" })
        {
            await Stack.AssertNowhereButInTheEnvironmentAsync(container, fixture.Secrets);
        }

        // Nor in what the server wrote for MLflow to read, which no other user of the container may read anyway.
        var files = await DockerCli.RunAsync(
            "exec", Stack.ContainerId("mlflow"), "sh", "-c", "stat -c '%a %n' /var/spool/mlflow/mlflow-auth-*.ini && cat /var/spool/mlflow/mlflow-auth-*.ini");
        Assert.StartsWith("600 ", files, StringComparison.Ordinal);
        Assert.DoesNotContain(
            fixture.Secrets,
            secret => files.Contains(secret, StringComparison.Ordinal) || files.Contains(
                secret.Replace("%", "%%", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    /// <summary>One restart of the server for all of them, and one with all of them changed.</summary>
    [Fact]
    [Trait("Category", "Rare")]
    public async Task What_depends_on_secrets_survives_a_restart_and_their_change()
    {
        await fixture.StartNeighbourAsync("provider");
        await fixture.StartNeighbourAsync("receiver");
        using var admin = fixture.CreateAdminClient();
        const string key = "sk-of-the-provider-1234567890";
        const string secret = "the secret of the webhook";
        await CreateChatAsync(admin, key);
        Assert.Contains(key, await ChatAsync(admin), StringComparison.Ordinal);
        var webhook = await CreateWebhookAsync(admin, "before", secret);
        await AssertSignedAsync(admin, webhook, secret);
        await CreateExperimentAsync(admin, "before the change");

        await fixture.RestartServerAsync();

        Assert.Contains(key, await ChatAsync(admin), StringComparison.Ordinal);
        await AssertSignedAsync(admin, webhook, secret);

        await ChangePassphraseAsync();
        // MLflow reads no secret, and lists no webhooks, with another key: they are deleted before it changes, and made again.
        using var deleted = await admin.DeleteAsync($"/api/2.0/mlflow/webhooks/{webhook}");
        Assert.True(deleted.IsSuccessStatusCode, await deleted.Content.ReadAsStringAsync());
        fixture.Changed["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"] = "the next webhook key 0123456789abcdef";
        await ChangeDatabasePasswordAsync();
        await fixture.RestartServerAsync();

        Assert.Contains(key, await ChatAsync(admin), StringComparison.Ordinal);
        await AssertSignedAsync(admin, await CreateWebhookAsync(admin, "after", secret), secret);
        using var list = JsonDocument.Parse(await admin.GetStringAsync("/api/2.0/mlflow/webhooks"));
        Assert.Equal("after", Assert.Single(list.RootElement.GetProperty("webhooks").EnumerateArray()).Text("name"));
        await CreateExperimentAsync(admin, "after the change");
        Assert.Equal(HttpStatusCode.OK, await admin.StatusAsync("/api/2.0/mlflow/experiments/get-by-name?experiment_name=before%20the%20change"));
    }

    /// <summary>MLflow's way: from the old to the new one, which is asked for; then both settings.</summary>
    private async Task ChangePassphraseAsync()
    {
        const string passphrase = "the next passphrase 0123456789abcdef";
        var script = $"printf '%s\\n%s\\n' '{passphrase}' '{passphrase}' | mlflow-aspire mlflow crypto rotate-kek --yes";
        await DockerCli.RunAsync("exec", Stack.ContainerId("mlflow"), "sh", "-c", script);
        fixture.Changed["MLFLOW_CRYPTO_KEK_PASSPHRASE"] = passphrase;
        fixture.Changed["MLFLOW_CRYPTO_KEK_VERSION"] = "2";
    }

    private async Task ChangeDatabasePasswordAsync()
    {
        const string password = "another p@ss:w/rd%21 of the database";
        const string psql = "PGPASSWORD=\"$POSTGRES_PASSWORD\" psql --username postgres --host \"$(hostname -i)\"";
        await DockerCli.RunAsync(
            "exec",
            Stack.ContainerId("postgres"),
            "sh",
            "-c",
            $"{psql} --command \"alter role postgres password '{password}'\" && ! {psql} --command 'select 1'");
        fixture.Changed["PGPASSWORD"] = password;
    }

    /// <summary>Gives the AI gateway a model with a key that its provider tells.</summary>
    private static async Task CreateChatAsync(HttpClient client, string key)
    {
        var secret = await PostAsync(client, "secrets/create", new
        {
            secret_name = "provider key",
            secret_value = new { api_key = key },
            provider = "openai",
            auth_config = new { api_base = "http://provider.dev.internal:8000/v1" },
        });
        var model = await PostAsync(
            client,
            "model-definitions/create",
            new { name = "parrot", secret_id = secret.GetProperty("secret").Text("secret_id"), provider = "openai", model_name = "parrot" });
        await PostAsync(client, "endpoints/create", new
        {
            name = "chat",
            model_configs = new[]
            {
                new { model_definition_id = model.GetProperty("model_definition").Text("model_definition_id"), linkage_type = "PRIMARY", weight = 1.0 },
            },
        });
    }

    private static async Task<string> ChatAsync(HttpClient client)
    {
        using var response = await client.PostAsync(
            "/gateway/chat/mlflow/invocations", Json(new { messages = new[] { new { role = "user", content = "Which key?" } } }));
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<string> CreateWebhookAsync(HttpClient client, string name, string secret)
    {
        using var response = await client.PostMlflowAsync("webhooks", new
        {
            name,
            secret,
            url = "http://receiver.dev.internal:8000/",
            events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } },
        });
        return (await response.ReadJsonAsync()).GetProperty("webhook").Text("webhook_id");
    }

    /// <summary>What MLflow delivers has the signature of the secret.</summary>
    private static async Task AssertSignedAsync(HttpClient client, string webhook, string secret)
    {
        using var response = await client.PostMlflowAsync($"webhooks/{webhook}/test", new { });
        var result = (await response.ReadJsonAsync()).GetProperty("result");
        Assert.True(result.GetProperty("success").GetBoolean(), result.ToString());

        using var received = JsonDocument.Parse(result.Text("response_body"));
        var headers = received.RootElement.GetProperty("headers");
        var signed = $"{headers.Text("x-mlflow-delivery-id")}.{headers.Text("x-mlflow-timestamp")}.{received.RootElement.Text("body")}";
        Assert.Equal(
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))}",
            headers.Text("x-mlflow-signature"));
    }

    private static async Task CreateExperimentAsync(HttpClient client, string name)
    {
        using var response = await client.PostMlflowAsync("experiments/create", new { name });
        await response.ReadJsonAsync();
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string action, object body)
    {
        using var response = await client.PostAsync($"/api/3.0/mlflow/gateway/{action}", Json(body));
        return await response.ReadJsonAsync();
    }

    // MLflow reads no body of unknown length.
    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
}

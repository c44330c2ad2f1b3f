using Aspire.Hosting.Testing;

namespace MlflowAspire.Tests.Compose;

/// <summary>
/// The compose file for those without .NET runs the containers of the app host: images, commands, environment, rights, health checks and order.
/// </summary>
[Trait("Category", "Model")]
public class ComposeTests
{
    private static readonly Dictionary<string, string> s_secrets = new()
    {
        ["postgres-password"] = "POSTGRES_PASSWORD",
        ["mlflow-flask-secret-key"] = "MLFLOW_FLASK_SERVER_SECRET_KEY",
        ["mlflow-kek-passphrase"] = "MLFLOW_CRYPTO_KEK_PASSPHRASE",
        ["mlflow-webhook-key"] = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY",
    };

    [Fact]
    public async Task The_compose_file_is_that_of_the_app_host()
    {
        string[] secrets = [.. s_secrets.Select(secret => $"--Parameters:{secret.Key}=${{{secret.Value}:?run ./secrets first}}")];
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.MlflowAspire_AppHost>(secrets)
            .WaitAsync(TimeSpan.FromMinutes(1));

        var path = Path.Combine(Repository.Root, "compose", "compose.yaml");
        var expected = await ComposeFile.WriteAsync(builder);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") is "true")
        {
            await File.WriteAllTextAsync(path, expected);
        }

        var found = await File.ReadAllTextAsync(path);
        var (written, other) = found.Split('\n').Zip(expected.Split('\n')).FirstOrDefault(lines => lines.First != lines.Second);
        Assert.True(
            found == expected,
            $"compose/compose.yaml has '{written}' where the app host has '{other}'. If that is meant, run the tests with UPDATE_SNAPSHOTS=true.");
    }
}

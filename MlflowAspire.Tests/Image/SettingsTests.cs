namespace MlflowAspire.Tests.Image;

/// <summary>Wrong settings end the server before it does anything, with one line that names them.</summary>
[Collection(ImageTests.Name)]
[Trait("Category", "Image")]
public class SettingsTests(ImageFixture image)
{
    [Theory]
    [InlineData("MLFLOW_BACKEND_STORE_URI", "", "MLFLOW_BACKEND_STORE_URI is not set")]
    [InlineData("MLFLOW_BACKEND_STORE_URI", "mysql://db/mlflow", "MLFLOW_BACKEND_STORE_URI starts with mysql://; accepted: postgresql://")]
    [InlineData("MLFLOW_BACKEND_STORE_URI", "postgresql://db/mlflow?plugin=entra", "PGPASSWORD is set, and MLFLOW_BACKEND_STORE_URI asks for Microsoft Entra")]
    [InlineData("PGUSER", "", "PGUSER is not set")]
    [InlineData("MLFLOW_ARTIFACTS_DESTINATION", "", "MLFLOW_ARTIFACTS_DESTINATION is not set")]
    [InlineData("MLFLOW_CRYPTO_KEK_PASSPHRASE", "", "MLFLOW_CRYPTO_KEK_PASSPHRASE is not set")]
    [InlineData("MLFLOW_FLASK_SERVER_SECRET_KEY", "", "MLFLOW_FLASK_SERVER_SECRET_KEY is not set")]
    [InlineData("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", "short", "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is too short; accepted: a Fernet key, or 32 characters")]
    [InlineData("MLFLOW_APP_NAME", "oauth", "MLFLOW_APP_NAME is 'oauth'; accepted: basic-auth, oidc-auth")]
    [InlineData("MLFLOW_OPENTELEMETRY", "maybe", "MLFLOW_OPENTELEMETRY is 'maybe'; accepted: true, false")]
    public async Task A_wrong_setting_is_named(string name, string value, string message)
    {
        var environment = new Dictionary<string, string>(MlflowServer.Settings)
        {
            ["MLFLOW_BACKEND_STORE_URI"] = "postgresql://db/mlflow",
            ["PGUSER"] = "mlflow",
            ["PGPASSWORD"] = ImageFixture.Password,
            [name] = value,
        };

        (await image.RunAsync(environment)).Failed(2, message);
    }

    [Fact]
    public async Task Two_ways_to_sign_in_to_blobs_are_both_named()
    {
        var environment = new Dictionary<string, string>(MlflowServer.Settings)
        {
            ["MLFLOW_BACKEND_STORE_URI"] = "postgresql://mlflow@db/mlflow",
            ["MLFLOW_ARTIFACTS_DESTINATION"] = "wasbs://artifacts@account.blob.core.windows.net",
            ["AZURE_STORAGE_CONNECTION_STRING"] = ImageFixture.Password,
            ["AZURE_STORAGE_ACCESS_KEY"] = ImageFixture.Password,
        };

        (await image.RunAsync(environment)).Failed(2, "AZURE_STORAGE_CONNECTION_STRING and AZURE_STORAGE_ACCESS_KEY are both set");
    }
}

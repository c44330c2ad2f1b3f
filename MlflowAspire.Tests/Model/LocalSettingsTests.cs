
namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class LocalSettingsTests
{
    [Theory]
    [InlineData("Version", "3.16.1", "3.17.2, which the image is made for")]
    [InlineData("Port", "70000", "a whole number from 0 to 65535")]
    [InlineData("Port", "http", "a whole number from 0 to 65535")]
    [InlineData("BindAddress", "everywhere", "an IPv4 address of this machine, or 0.0.0.0 for all of them")]
    [InlineData("BindAddress", "1", "an IPv4 address of this machine, or 0.0.0.0 for all of them")]
    [InlineData("Workers", "0", "a whole number from 1 to 64")]
    [InlineData("Workers", "2.5", "a whole number from 1 to 64")]
    [InlineData("Jobs", "yes", "true or false")]
    [InlineData("ArtifactTimeout", "-2", "a whole number of seconds from 1 to 86400, or -1 for no limit")]
    [InlineData("StatementTimeout", "3601", "a whole number of seconds from 1 to 3600, or 0 for no limit")]
    [InlineData("OpenTelemetry", "on", "true or false")]
    [InlineData("AllowedHosts", "https://ml.example.com", "host names with or without a port, such as 'mlflow.example.com' or '*.example.com:8443'")]
    [InlineData("KekVersion", "0", "a whole number from 1 to 2147483647")]
    public async Task A_wrong_setting_stops_the_app_host_before_anything_starts(string setting, string value, string accepted)
    {
        var exception = await FailAsync($"--Mlflow:{setting}={value}");
        Assert.Contains($"Mlflow:{setting} is '{value}'; accepted: {accepted}", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Worker", "did you mean Mlflow:Workers?")]
    [InlineData("SignInn", "did you mean Mlflow:SignIn?")]
    [InlineData("Kubernetes", "the settings are Mlflow:Port, ")]
    public async Task An_unknown_setting_is_told_with_the_nearest_name(string setting, string hint)
    {
        var exception = await FailAsync($"--Mlflow:{setting}=2");
        Assert.StartsWith($"Mlflow:{setting} is '2', and there is no such setting; {hint}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once()
    {
        var lines = (await FailAsync("--Mlflow:Workers=many", "--Mlflow:Jobs=maybe")).Message.Split(Environment.NewLine);
        Assert.Equal(2, lines.Length);
    }

    private static async Task<Exception> FailAsync(params string[] args)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => AppHostBuilder.CreateAsync(args));
        return exception.GetBaseException();
    }
}

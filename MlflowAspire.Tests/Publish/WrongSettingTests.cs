namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class WrongSettingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mlflow-publish-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_process_says_what_is_wrong_and_nothing_else()
    {
        var (exitCode, log) = await PublishingProcess.RunAsync(_folder.FullName, "Worker=2", "Profile=prod");

        Assert.Equal(
            [
                "Mlflow:Profile is 'prod'; accepted: development or production.",
                "Mlflow:Worker is '2', and there is no such setting; did you mean Mlflow:Workers?",
            ],
            log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Equal(1, exitCode);
    }
}

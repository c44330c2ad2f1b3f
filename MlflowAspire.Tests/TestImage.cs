using MlflowAspire.Hosting;

namespace MlflowAspire.Tests;

/// <summary>The app host's own image, named after its content, so that it is no other checkout's. It stays after the tests.</summary>
internal static class TestImage
{
    private static readonly Lazy<Task<string>> s_name = new(BuildAsync);

    /// <summary>Its name. The first call builds it, with the builder of the app host, so that all that is built later is found built.</summary>
    public static Task<string> GetAsync() => s_name.Value;

    private static async Task<string> BuildAsync()
    {
        const string name = MlflowImage.Name;
        await Tools.RunAsync(
            "docker", "build", "--quiet", "--tag", $"{name}:{MlflowImage.Tag}", "--build-arg", $"MLFLOW_VERSION={MlflowImage.Version}",
            MlflowImage.ContextPath);
        return $"{name}:{MlflowImage.Tag}";
    }
}

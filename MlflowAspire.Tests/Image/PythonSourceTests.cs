namespace MlflowAspire.Tests.Image;

/// <summary>The Python sources are typed and follow the rules of <c>ruff.toml</c> and of the image's <c>pyproject.toml</c>.</summary>
[Trait("Category", "Image")]
public class PythonSourceTests
{
    private const string Folders = "images bench samples MlflowAspire.AppHost MlflowAspire.Tests";

    [Fact]
    public Task PassRuff() => RunAsync("", "ruff", $"check {Folders}");

    [Fact]
    public Task PassMypy() => RunAsync("images/mlflow", "mypy", "--cache-dir /dev/null");

    private static async Task RunAsync(string folder, string tool, string arguments)
    {
        if (Tools.Find(tool) is null)
        {
            await Tools.PrepareAsync("--lint");
        }

        var command = Tools.Find(tool) ?? await InstallAsync(tool);
        await Tools.RunAsync("/bin/sh", "-c", $"cd '{Path.Combine(Repository.Root, folder)}' && exec '{command}' {arguments}");
    }

    private static async Task<string> InstallAsync(string tool)
    {
        var environment = Path.Combine(AppContext.BaseDirectory, tool);
        await Tools.RunAsync("python3", "-m", "venv", environment);
        await Tools.RunAsync(Path.Combine(environment, "bin", "pip"), "install", tool);
        return Path.Combine(environment, "bin", tool);
    }
}

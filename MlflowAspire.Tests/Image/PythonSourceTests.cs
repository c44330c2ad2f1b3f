namespace MlflowAspire.Tests.Image;

/// <summary>The Python sources are typed and follow the rules of <c>ruff.toml</c> and of the image's <c>pyproject.toml</c>.</summary>
[Trait("Category", "Image")]
public class PythonSourceTests
{
    // Those that the sources have passed with. One that the machine has is taken as it is.
    private const string Ruff = "ruff==0.17.4";
    private const string Mypy = "mypy==1.0.1";

    private const string Folders = "images bench samples MlflowAspire.AppHost MlflowAspire.Tests";

    [Fact]
    public Task PassRuff() => RunAsync("", Ruff, $"check {Folders}");

    [Fact]
    public Task PassMypy() => RunAsync("images/mlflow", Mypy, "--cache-dir /dev/null");

    private static async Task RunAsync(string folder, string package, string arguments)
    {
        var tool = package.Split("==")[0];
        if (Tools.Find(tool) is null)
        {
            await Tools.PrepareAsync("--lint");
        }

        var command = Tools.Find(tool) ?? await InstallAsync(tool, package);
        await Tools.RunAsync("/bin/sh", "-c", $"cd '{Path.Combine(Repository.Root, folder)}' && exec '{command}' {arguments}");
    }

    private static async Task<string> InstallAsync(string tool, string package)
    {
        var environment = Path.Combine(AppContext.BaseDirectory, tool);
        await Tools.RunAsync("python3", "-m", "venv", environment);
        await Tools.RunAsync(Path.Combine(environment, "bin", "pip"), "install", package);
        return Path.Combine(environment, "bin", tool);
    }
}

using System.Diagnostics;
using DotNet.Testcontainers.Builders;

namespace MlflowAspire.Tests;

/// <summary>What single tests need beside Docker; fetched only by those tests.</summary>
internal static class Tools
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    /// <summary>The path of the first of the given commands that is there, or null.</summary>
    public static string? Find(params string[] names) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    /// <summary>Makes an image ready on a machine that cannot pull it. Elsewhere it is pulled when a container starts.</summary>
    public static Task PrepareImageAsync(string image) => PrepareAsync("--image", image);

    /// <summary>Calls the set-up of machines that do without the usual sources; does nothing on others.</summary>
    public static async Task PrepareAsync(params string[] arguments)
    {
        var offline = Path.Combine(CommonDirectoryPath.GetSolutionDirectory().DirectoryPath, "offline");
        if (File.Exists(Path.Combine(offline, ".env")))
        {
            await RunAsync(Path.Combine(offline, "prepare"), arguments);
        }
    }

    /// <summary>Installs what the lock file of npm in a folder names, beside it.</summary>
    public static async Task InstallNodePackagesAsync(string folder)
    {
        if (Find("npm") is null)
        {
            await PrepareAsync("--browser");
        }

        await RunAsync("npm", "ci", "--prefix", folder, "--no-audit", "--no-fund", "--silent");
    }

    /// <summary>Runs a command; an exit code other than 0 fails the test.</summary>
    /// <returns>What it has written.</returns>
    public static async Task<string> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(s_limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{await output}");
        return await output;
    }
}

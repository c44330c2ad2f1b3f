using System.Diagnostics;
using System.Reflection;

namespace MlflowAspire.Tests.Publish;

/// <summary>The app host in a process of its own that publishes, as azd and the Aspire CLI start it.</summary>
internal static class PublishingProcess
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    /// <summary>The packages that the tests were built with. MSBuild looks for the app host's SDK there.</summary>
    public static string Packages { get; } = typeof(PublishingProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "NuGetPackages").Value!;

    /// <summary>The arguments with which azd asks for a manifest. What the checkout has deployed plays no part.</summary>
    public static string[] Arguments(string manifest, params string[] settings) =>
        ["--publisher", "manifest", "--output-path", manifest, "--Mlflow:DeployedSettings=none.json", .. settings.Select(setting => $"--Mlflow:{setting}")];

    /// <summary>Runs the app host as azd does.</summary>
    public static Task<(int ExitCode, string Log)> RunAsync(string directory, params string[] settings) =>
        StartAppHostAsync(Arguments(Path.Combine(directory, "manifest.json"), settings));

    /// <summary>Runs the app host by the very command of azd: with the launch profile, so in Development, where a developer's user secrets are read.</summary>
    public static async Task<(int ExitCode, string Log)> RunAzdAsync(string directory, string userSecrets)
    {
        var appData = Directory.CreateTempSubdirectory("mlflow-publish-appdata-");
        try
        {
            var secrets = Directory.CreateDirectory(Path.Combine(appData.FullName, "Microsoft", "UserSecrets", "mlflow-aspire-apphost"));
            await File.WriteAllTextAsync(Path.Combine(secrets.FullName, "secrets.json"), userSecrets);
            var configuration = Directory.GetParent(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!.Name;
            var project = Path.Combine(Repository.Root, "MlflowAspire.AppHost");
            string[] command = ["run", "--project", project, "--no-build", "--configuration", configuration, "--"];
            return await StartAsync(
                [.. command, .. Arguments(Path.Combine(directory, "manifest.json"))],
                new() { ["DOTNET_ENVIRONMENT"] = "Production", ["APPDATA"] = appData.FullName, ["NUGET_PACKAGES"] = Packages });
        }
        finally
        {
            appData.Delete(recursive: true);
        }
    }

    /// <summary>Runs the app host as <c>aspire publish</c> does.</summary>
    public static Task<(int ExitCode, string Log)> RunAspireAsync(string directory, params string[] parameters) =>
        StartAppHostAsync(
        [
            "--operation", "publish", "--step", "publish", "--output-path", directory, "--Mlflow:DeployedSettings=none.json",
            .. parameters.Select(parameter => $"--Parameters:{parameter}"),
        ]);

    /// <summary>Runs the step that the hook of azure.yaml runs after a deployment.</summary>
    /// <param name="file">The file that it writes.</param>
    /// <param name="settings">The settings of the deployment.</param>
    public static Task<(int ExitCode, string Log)> KeepDeployedSettingsAsync(string file, params string[] settings) => StartAppHostAsync(
    [
        "--operation", "publish", "--step", "keep-deployed-settings", $"--Mlflow:DeployedSettings={file}",
        .. settings.Select(setting => $"--Mlflow:{setting}"),
    ]);

    // Not Development, so that a developer's user secrets play no part.
    private static Task<(int ExitCode, string Log)> StartAppHostAsync(string[] args) =>
        StartAsync([Path.Combine(AppContext.BaseDirectory, "MlflowAspire.AppHost.dll"), "--environment", "Production", .. args], []);

    private static async Task<(int ExitCode, string Log)> StartAsync(string[] args, Dictionary<string, string> environment)
    {
        // Nothing that a real deployment has kept.
        var home = Directory.CreateTempSubdirectory("mlflow-publish-home-");
        try
        {
            return await StartAsync(args, environment, home.FullName);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static async Task<(int ExitCode, string Log)> StartAsync(string[] args, Dictionary<string, string> environment, string home)
    {
        var start = new ProcessStartInfo("dotnet", args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["HOME"] = home,
                ["ASPIRE_HOME"] = home,
                ["ASPIRE_INTERACTIVITY_ENABLED"] = "false",
                // Aspire leaves its temporary folders behind.
                ["TMPDIR"] = home,
                ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
                ["DOTNET_NOLOGO"] = "true",
            },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var timeout = new CancellationTokenSource(s_limit);
        using var process = Process.Start(start)!;
        var log = Task.WhenAll(process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"Publishing did not end within {s_limit}:\n{string.Concat(await log)}");
        }

        return (process.ExitCode, string.Concat(await log));
    }
}

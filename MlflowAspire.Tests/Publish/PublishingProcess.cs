using System.Diagnostics;

namespace MlflowAspire.Tests.Publish;

/// <summary>The app host in a process of its own that publishes, as azd and the Aspire CLI start it.</summary>
internal static class PublishingProcess
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    /// <summary>The arguments with which azd asks for a manifest.</summary>
    public static string[] Arguments(string manifest, params string[] settings) =>
        ["--publisher", "manifest", "--output-path", manifest, .. settings.Select(setting => $"--Mlflow:{setting}")];

    /// <summary>Runs the app host as azd does.</summary>
    public static Task<(int ExitCode, string Log)> RunAsync(string directory, params string[] settings) =>
        StartAsync(Arguments(Path.Combine(directory, "manifest.json"), settings));

    /// <summary>Runs the app host as <c>aspire publish</c> does.</summary>
    public static Task<(int ExitCode, string Log)> RunAspireAsync(string directory, params string[] parameters) =>
        StartAsync(["--operation", "publish", "--step", "publish", "--output-path", directory, .. parameters.Select(parameter => $"--Parameters:{parameter}")]);

    private static async Task<(int ExitCode, string Log)> StartAsync(string[] args)
    {
        // Not Development, so that a developer's user secrets play no part; and nothing that a real deployment has kept.
        var home = Directory.CreateTempSubdirectory("mlflow-publish-home-");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlflowAspire.AppHost.dll"), "--environment", "Production", .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ASPIRE_HOME"] = home.FullName, ["ASPIRE_INTERACTIVITY_ENABLED"] = "false" },
        };
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

        home.Delete(recursive: true);
        return (process.ExitCode, string.Concat(await log));
    }
}

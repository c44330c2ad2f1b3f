using System.Diagnostics;

namespace MlflowAspire.Tests;

/// <summary>Docker commands for what neither Aspire nor Testcontainers offer.</summary>
internal static class DockerCli
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a command and returns what it writes; an exit code other than 0 fails the test.</summary>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(s_limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"docker {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}");
        return (await output).Trim();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MlflowAspire.Tests.Stack;

/// <summary>A copy of the app host in a folder of its own, so with volumes and user secrets of its own, run as a process.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly string _root = Directory.CreateTempSubdirectory("mlflow-aspire-").FullName;
    private readonly string _secretsId = $"mlflow-aspire-test-{Guid.NewGuid():N}";
    private readonly ConcurrentQueue<string> _output = [];
    private readonly HashSet<string> _otherVolumes = [];
    private Process? _process;

    /// <summary>The address of MLflow, the same at every start.</summary>
    public Uri Address { get; } = new($"http://localhost:{FreePort()}");

    /// <summary>Copies the sources and builds them.</summary>
    public async Task BuildAsync()
    {
        _otherVolumes.UnionWith(await VolumesAsync());
        var repository = RepositoryRoot();
        foreach (var file in new[] { "*.props", "global.json", "nuget.config" }.SelectMany(pattern => Directory.EnumerateFiles(repository, pattern)))
        {
            File.Copy(file, Path.Combine(_root, Path.GetFileName(file)));
        }

        foreach (var folder in new[] { "MlflowAspire.AppHost", "MlflowAspire.Hosting", "images" })
        {
            Copy(Path.Combine(repository, folder), Path.Combine(_root, folder));
        }

        var project = Path.Combine(_root, "MlflowAspire.AppHost", "MlflowAspire.AppHost.csproj");
        var text = await File.ReadAllTextAsync(project);
        Assert.Contains(">mlflow-aspire-apphost<", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(project, text.Replace(">mlflow-aspire-apphost<", $">{_secretsId}<", StringComparison.Ordinal));

        using var build = Start("dotnet", ["build", project, "--nologo"], []);
        await WaitAsync(() => Task.FromResult(build.HasExited), "the app host to build");
        Assert.True(build.ExitCode == 0, Output);
    }

    /// <summary>Starts the app host and waits until MLflow is healthy.</summary>
    public async Task StartAsync()
    {
        _output.Clear();
        var leftovers = await ContainersAsync();
        _process = Start(
            Path.Combine(_root, "MlflowAspire.AppHost", "bin", "Debug", "net10.0", "MlflowAspire.AppHost"),
            [$"--Mlflow:Port={Address.Port}"],
            new()
            {
                ["DOTNET_ENVIRONMENT"] = "Development",
                ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
                ["ASPNETCORE_URLS"] = $"http://localhost:{FreePort()}",
                ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{FreePort()}",
                ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://localhost:{FreePort()}",
            });
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await WaitAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"The app host has ended:\n{Output}");

                // Until those of a killed app host are gone, one of them would answer.
                var containers = await ContainersAsync();
                if (containers.Length == 0 || containers.Intersect(leftovers).Any())
                {
                    return false;
                }

                try
                {
                    using var response = await client.GetAsync(new Uri(Address, "health"));
                    return response.IsSuccessStatusCode;
                }
                catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
                {
                    return false;
                }
            },
            "MLflow to become healthy");
    }

    /// <summary>Ends the app host by SIGKILL: it cannot clean up.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(s_limit);
    }

    /// <summary>Ends the app host as Ctrl+C does.</summary>
    public async Task StopAsync()
    {
        using var signal = Process.Start("kill", ["-INT", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync().WaitAsync(s_limit);
    }

    /// <summary>The containers that use the app host's volumes, running or not.</summary>
    public async Task<string[]> ContainersAsync()
    {
        List<string> containers = [];
        foreach (var volume in await OwnVolumesAsync())
        {
            containers.AddRange(Lines(await DockerCli.RunAsync("ps", "--all", "--quiet", "--filter", $"volume={volume}")));
        }

        return [.. containers];
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await StopAsync();
        }

        _process?.Dispose();
        // After a failed test there may be containers of a killed app host.
        foreach (var container in await ContainersAsync())
        {
            await DockerCli.RunAsync("rm", "--force", container);
        }

        foreach (var volume in await OwnVolumesAsync())
        {
            await DockerCli.RunAsync("volume", "rm", "--force", volume);
        }

        Directory.Delete(_root, recursive: true);
        var secrets = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".microsoft", "usersecrets", _secretsId);
        if (Directory.Exists(secrets))
        {
            Directory.Delete(secrets, recursive: true);
        }
    }

    private string Output => string.Join('\n', _output);

    /// <summary>The volumes that the app host has made.</summary>
    private async Task<string[]> OwnVolumesAsync() => [.. (await VolumesAsync()).Except(_otherVolumes)];

    private static async Task<string[]> VolumesAsync() => Lines(await DockerCli.RunAsync("volume", "ls", "--quiet", "--filter", "name=mlflowaspire.apphost-"));

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MlflowAspire.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run from within the repository.");
        }

        return folder.FullName;
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(source).Where(folder => Path.GetFileName(folder) is not ("bin" or "obj")))
        {
            Copy(folder, Path.Combine(target, Path.GetFileName(folder)));
        }
    }

    private Process Start(string command, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _root };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow + s_limit;
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Waited {s_limit.TotalSeconds} s for {what}:\n{Output}");
            await Task.Delay(250);
        }
    }
}

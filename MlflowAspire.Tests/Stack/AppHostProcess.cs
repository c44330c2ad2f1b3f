using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace MlflowAspire.Tests.Stack;

/// <summary>
/// A copy of the app host in a folder of its own, so with volumes of its own, run as a process. Its home is its own too, with user secrets of its own and with
/// a trusted developer certificate, as many developers have one.
/// </summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    // The first start builds the image.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    private static readonly string s_configuration = Directory.GetParent(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!.Name;
    private static readonly string s_output = Path.Combine("bin", s_configuration, "net10.0");

    private readonly string _root = Directory.CreateTempSubdirectory("mlflow-aspire-").FullName;
    private readonly string _home = Directory.CreateTempSubdirectory("mlflow-aspire-home-").FullName;
    private readonly ConcurrentQueue<string> _output = [];
    private Process? _process;

    /// <summary>The address of MLflow, the same at every start.</summary>
    public Uri Address { get; } = new($"http://localhost:{FreePort()}");

    /// <summary>Copies the app host's source, and the libraries as they are built, and builds the app host: its path is compiled into it.</summary>
    public async Task BuildAsync()
    {
        var repository = Repository.Root;
        string[] settings = ["*.props", "global.json", "nuget.config", "Directory.Build.rsp"];
        foreach (var file in settings.SelectMany(pattern => Directory.EnumerateFiles(repository, pattern)))
        {
            File.Copy(file, Path.Combine(_root, Path.GetFileName(file)));
        }

        foreach (var folder in new[] { "MlflowAspire.AppHost", "MlflowAspire.Hosting", "MlflowAspire.Hosting.Azure", "images" })
        {
            Copy(Path.Combine(repository, folder), Path.Combine(_root, folder));
        }

        foreach (var library in new[] { "MlflowAspire.Hosting", "MlflowAspire.Hosting.Azure" })
        {
            Copy(Path.Combine(repository, library, s_output), Path.Combine(_root, library, s_output));
        }

        string[] options =
        [
            "--no-dependencies", "--configuration", s_configuration, "-p:RunAnalyzers=false", "-p:CompileUsingReferenceAssemblies=false", "--nologo",
        ];
        using var build = Start("dotnet", ["build", ProjectPath, .. options], []);
        await WaitAsync(() => Task.FromResult(build.HasExited), "the app host to build");
        Assert.True(build.ExitCode == 0, Output);

        // It ends with an error where the machine's browsers do not get to know the certificate.
        using var certificate = Start("dotnet", ["dev-certs", "https", "--trust"], Home);
        await WaitAsync(() => Task.FromResult(certificate.HasExited), "the developer certificate");
        Assert.True(Directory.EnumerateFiles(Path.Combine(_home, ".aspnet", "dev-certs", "trust"), "*.pem").Any(), Output);
    }

    /// <summary>Starts the app host and waits until MLflow is healthy.</summary>
    public async Task StartAsync()
    {
        _output.Clear();
        var leftovers = await ContainersAsync();
        _process = Launch(Address.Port);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await WaitAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"The app host has ended:\n{Output}");

                // Until those of a killed app host are gone, one of them would answer. Docker is asked last: its command line takes more than the server.
                return await IsHealthyAsync(client) && !(await ContainersAsync()).Intersect(leftovers).Any() && await IsHealthyAsync(client);
            },
            "MLflow to become healthy");
    }

    /// <summary>Starts a second app host of the same folder, on a port of its own, and returns what both have written when it has ended.</summary>
    public async Task<string> StartSecondAsync()
    {
        _output.Clear();
        using var second = Launch(FreePort());
        // Waits for the last of its output, too.
        await second.WaitForExitAsync().WaitAsync(s_limit);
        Assert.Equal(1, second.ExitCode);
        return Output;
    }

    /// <summary>Starts the app host on a port that another program listens at, and returns what it has written when it has ended.</summary>
    public async Task<string> StartOnTakenPortAsync(int port)
    {
        _output.Clear();
        using var other = new TcpListener(IPAddress.Any, port);
        other.Start();
        using var process = Launch(port);
        await process.WaitForExitAsync().WaitAsync(s_limit);
        Assert.Equal(1, process.ExitCode);
        return Output;
    }

    /// <summary>Starts the app host, stops it while MLflow still waits for what it needs, and returns what it has written.</summary>
    public async Task<string> StopWhileStartingAsync()
    {
        _output.Clear();
        using var process = Launch(FreePort());
        await WaitAsync(async () => (await ContainersAsync()).Length > 0, "the first container");
        await StopAsync(process);
        return Output;
    }

    /// <summary>Ends the app host by SIGKILL: it cannot clean up.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(s_limit);
    }

    /// <summary>Ends the app host in good order. Its containers go in the background.</summary>
    public Task StopAsync() => StopAsync(_process!);

    /// <summary>Waits until the containers of an app host that has ended are gone.</summary>
    public Task WaitForNoContainersAsync() => WaitAsync(async () => (await ContainersAsync()).Length == 0, "the containers to be gone");

    /// <summary>The containers that use the app host's volumes, running or not.</summary>
    public async Task<string[]> ContainersAsync() =>
    [
        .. Lines(await DockerCli.RunAsync("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Mounts}}"))
            .Where(line => line.Contains(VolumePrefix, StringComparison.Ordinal)).Select(line => line.Split(' ')[0]),
    ];

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_process is { HasExited: false })
            {
                await StopAsync();
            }

            _process?.Dispose();
            await WaitForNoContainersAsync();
            foreach (var volume in await VolumesAsync())
            {
                await DockerCli.RunAsync("volume", "rm", "--force", volume);
            }
        }
        catch (Exception exception)
        {
            // Thrown, it would take the place of what a failed test has thrown.
            await Console.Error.WriteLineAsync($"The app host in {_root} has left something behind: {exception}");
        }

        Directory.Delete(_root, recursive: true);
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>The environment of a home of its own, in which docker finds what it has in the user's.</summary>
    private Dictionary<string, string> Home => new()
    {
        ["HOME"] = _home,
        ["ASPIRE_HOME"] = Path.Combine(_home, ".aspire"),
        ["DOCKER_CONFIG"] = Environment.GetEnvironmentVariable("DOCKER_CONFIG")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker"),
        // It does not run long enough to get back what the profile of its code costs.
        ["DOTNET_TieredPGO"] = "0",
        ["SSL_CERT_DIR"] = $"{Path.Combine(_home, ".aspnet", "dev-certs", "trust")}:/etc/ssl/certs",
    };

    private string ProjectPath => Path.Combine(_root, "MlflowAspire.AppHost", "MlflowAspire.AppHost.csproj");

    private string Output => string.Join('\n', _output);

    /// <summary>What the names of this app host's volumes begin with: Aspire names them after the path of the project file.</summary>
    private string VolumePrefix =>
        $"mlflowaspire.apphost-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ProjectPath.ToLowerInvariant())))[..10]}-";

    private async Task<string[]> VolumesAsync() => Lines(await DockerCli.RunAsync("volume", "ls", "--quiet", "--filter", $"name={VolumePrefix}"));

    private async Task<bool> IsHealthyAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync(new Uri(Address, "health"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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

    private Process Launch(int port) => Start(
        Path.Combine(_root, "MlflowAspire.AppHost", s_output, "MlflowAspire.AppHost"),
        [$"--Mlflow:Port={port}"],
        new(Home)
        {
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
            ["ASPNETCORE_URLS"] = $"http://localhost:{FreePort()}",
            ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{FreePort()}",
            ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://localhost:{FreePort()}",
        });

    private static async Task StopAsync(Process process)
    {
        // Not SIGINT, which is ignored where the tests run in the background.
        using var signal = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync().WaitAsync(s_limit);
    }

    /// <summary>Runs a command in the project's folder, as <c>dotnet run</c> does: the app host reads its settings there.</summary>
    private Process Start(string command, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(
            command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(ProjectPath) };
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
            await Task.Delay(500);
        }
    }
}

using System.Diagnostics;
using DotNet.Testcontainers.Builders;

namespace MlflowAspire.Tests.Scripts;

/// <summary>
/// A checkout of the scripts in a folder with spaces in its name, on a machine that has POSIX tools and what a test gives it.
/// Every command that a test gives writes down how it was called.
/// </summary>
internal sealed class ScriptedMachine : IDisposable
{
    // What macOS and every Linux have. No flock, timeout, setsid or apt-get.
    private static readonly string[] s_tools = ["sh", "cat", "dirname", "find", "grep", "kill", "ls", "mkdir", "paste", "rm", "sed", "sleep", "touch"];
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private readonly string _root = Directory.CreateTempSubdirectory("start scripts ").FullName;

    public ScriptedMachine()
    {
        foreach (var file in new[] { "run.sh", "test.sh", "eng/machine.sh", "global.json", "Directory.Packages.props" })
        {
            var copy = Path.Combine(_root, "my checkout", file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(CommonDirectoryPath.GetSolutionDirectory().DirectoryPath, file), copy);
        }

        Write("MlflowAspire.AppHost/MlflowAspire.AppHost.csproj", "<Project />");
        Directory.CreateDirectory(Path.Combine(_root, "bin"));
        foreach (var tool in s_tools)
        {
            File.CreateSymbolicLink(Path.Combine(_root, "bin", tool), File.Exists($"/bin/{tool}") ? $"/bin/{tool}" : $"/usr/bin/{tool}");
        }

        Give("id", "echo 1000");
        Give("dotnet", "");
        Give("docker", "");
        Command("my checkout/offline/prepare", "");
    }

    /// <summary>The commands that were called, with their arguments; not <c>id</c>, which says nothing.</summary>
    public string[] Calls => File.Exists(Log) ? [.. File.ReadAllLines(Log).Where(line => !line.StartsWith("id ", StringComparison.Ordinal))] : [];

    private string Log => Path.Combine(_root, "calls");

    /// <summary>Puts a command on the PATH.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="script">What it does, as a shell script.</param>
    public void Give(string name, string script) => Command($"bin/{name}", script);

    public void Take(string name) => File.Delete(Path.Combine(_root, "bin", name));

    /// <summary>Replaces the offline set-up.</summary>
    public void SetUp(string script) => Command("my checkout/offline/prepare", script);

    /// <summary>Writes a file of the checkout.</summary>
    public void Write(string file, string content)
    {
        var path = Path.Combine(_root, "my checkout", file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    /// <summary>The packages of the app host and of the tests are there, as after an earlier start.</summary>
    public void Restore()
    {
        foreach (var project in new[] { "MlflowAspire.AppHost", "MlflowAspire.Tests" })
        {
            Write($"{project}/{project}.csproj", "<Project />");
            Write($"{project}/obj/project.nuget.cache", """{ "success": true }""");
        }
    }

    /// <summary>Runs a script of the checkout by <c>sh</c>, from another folder.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> RunAsync(string script, string[] arguments, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine("my checkout", script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _root,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Path.Combine(_root, "bin");
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(s_limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await errors);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Command(string file, string script)
    {
        var path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\necho \"{Path.GetFileName(file)} $*\" >> '{Log}'\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}

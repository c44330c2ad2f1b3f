using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Docs;

/// <summary>A real shell in which each tool only notes how it is called: quotes, continued lines and substitutions are the shell's own work.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Shell
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private static readonly Lazy<string> s_tools = new(WriteTools);

    /// <summary>The variable with the file that calls are noted in.</summary>
    private const string Calls = "CALLS_OF_TOOLS";

    /// <summary>What the documents call.</summary>
    public static IReadOnlyList<string> Tools { get; } = ["az", "azd", "aspire", "dotnet", "docker", "mlflow", "openssl", "pip", "psql", "pg_dump",
        "pg_restore", "python", "uuidgen"];

    /// <summary>Runs a script and tells each call of a tool: its name and its arguments.</summary>
    /// <param name="script">The script; <c>&lt;names in brackets&gt;</c> stand for what the reader fills in.</param>
    /// <exception cref="InvalidOperationException">The script is no whole one, or calls something else.</exception>
    public static async Task<IReadOnlyList<string[]>> CallsAsync(string script)
    {
        var folder = Directory.CreateTempSubdirectory("mlflow-shell-");
        try
        {
            var calls = Path.Combine(folder.FullName, "calls");
            await File.WriteAllTextAsync(calls, "");

            // bash from its usual place, with nothing else on its PATH, in a folder where it may write; a redirection reads the documents' own files.
            var work = Directory.CreateDirectory(Path.Combine(folder.FullName, "work")).FullName;
            var docs = Directory.CreateDirectory(Path.Combine(work, "docs")).FullName;
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.sql"))
            {
                File.Copy(file, Path.Combine(docs, Path.GetFileName(file)));
            }

            var start = new ProcessStartInfo("/bin/bash", ["-eu", "-o", "pipefail", "-c", Placeholder().Replace(script, "placeholder")])
            {
                WorkingDirectory = work,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment.Clear();
            start.Environment["PATH"] = s_tools.Value;
            start.Environment[Calls] = calls;
            using var process = Process.Start(start)!;
            using var limit = new CancellationTokenSource(s_limit);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 && await errors is ""
                ? [.. (await File.ReadAllTextAsync(calls, limit.Token)).Split("\n\0", StringSplitOptions.RemoveEmptyEntries)
                    .Select(call => call.TrimEnd('\0').Split('\0'))]
                : throw new InvalidOperationException($"{await errors}{script}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A program for each tool, in the tests' own folder. All shells use them.</summary>
    private static string WriteTools()
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Docs", "tools")).FullName;
        foreach (var tool in Tools)
        {
            var path = Path.Combine(folder, tool);
            File.WriteAllText(path, $"#!/bin/sh\nprintf '%s\\0' {tool} \"$@\" >> \"${Calls}\"\nprintf '\\n\\0' >> \"${Calls}\"\necho output-of-{tool}\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return folder;
    }

    [GeneratedRegex("<[a-z][^<>\n]*>")]
    private static partial Regex Placeholder();
}

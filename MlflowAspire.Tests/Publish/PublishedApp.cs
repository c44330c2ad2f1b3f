using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>What the app host publishes: its manifest and its Bicep modules.</summary>
public sealed partial class PublishedApp
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly ConcurrentDictionary<string, Lazy<Task<PublishedApp>>> Published = [];

    private PublishedApp(SortedDictionary<string, string> files, SortedDictionary<string, string> templates) => (Files, Templates) = (files, templates);

    /// <summary>The text of each file, by its name.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The text of the modules that the manifest refers to in the app host's sources, by their names.</summary>
    public IReadOnlyDictionary<string, string> Templates { get; }

    /// <summary>The resources of the manifest.</summary>
    public JsonObject Manifest => JsonNode.Parse(Files["manifest.json"])!["resources"]!.AsObject();

    /// <summary>The resources of all modules; those that another module deploys are left out.</summary>
    public IEnumerable<BicepResource> Resources => Files.Concat(Templates)
        .Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal))
        .SelectMany(file => BicepResource.Parse(file.Key.Split('.')[0], file.Value))
        .Where(resource => !resource.IsExisting);

    /// <summary>The only resource of a type.</summary>
    public BicepResource Only(string type) => Assert.Single(Resources, resource => resource.Type == type);

    /// <summary>Publishes the app host, once for the same settings.</summary>
    /// <param name="settings">Settings of section <c>Mlflow</c>, such as <c>Profile=development</c>.</param>
    public static Task<PublishedApp> GetAsync(params string[] settings) =>
        Published.GetOrAdd(string.Join(' ', settings), _ => new(() => PublishAsync(settings))).Value;

    /// <summary>Publishes the app host, by its own entry point.</summary>
    public static async Task<PublishedApp> PublishAsync(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("mlflow-publish-");
        try
        {
            var (exitCode, log) = await RunAsync(directory.FullName, settings);
            Assert.True(exitCode == 0, log);
            var manifest = File.ReadAllText(Path.Combine(directory.FullName, "manifest.json"));
            var templates = TemplatePath().Matches(manifest).Select(match => new FileInfo(Path.Combine(directory.FullName, match.Groups["path"].Value)));
            return new(
                new(directory.EnumerateFiles().ToDictionary(file => file.Name, file => Scrub(File.ReadAllText(file.FullName))), StringComparer.Ordinal),
                new(templates.ToDictionary(file => file.Name, file => File.ReadAllText(file.FullName)), StringComparer.Ordinal));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Runs the app host as azd does.</summary>
    public static Task<(int ExitCode, string Log)> RunAsync(string directory, params string[] settings) =>
        RunAsync(["--publisher", "manifest", "--output-path", Path.Combine(directory, "manifest.json"), .. settings.Select(setting => $"--Mlflow:{setting}")]);

    /// <summary>Runs the app host as <c>aspire publish</c> does.</summary>
    public static Task<(int ExitCode, string Log)> RunAspireAsync(string directory, params string[] parameters) =>
        RunAsync(["--operation", "publish", "--step", "publish", "--output-path", directory, .. parameters.Select(parameter => $"--Parameters:{parameter}")]);

    private static async Task<(int ExitCode, string Log)> RunAsync(string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        // Not Development, so that a developer's user secrets play no part.
        foreach (var arg in (string[])[Path.Combine(AppContext.BaseDirectory, "MlflowAspire.AppHost.dll"), "--environment", "Production", .. args])
        {
            start.ArgumentList.Add(arg);
        }

        using var timeout = new CancellationTokenSource(Limit);
        using var process = Process.Start(start)!;
        var log = Task.WhenAll(process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"Publishing did not end within {Limit}:\n{string.Concat(await log)}");
        }

        return (process.ExitCode, string.Concat(await log));
    }

    /// <summary>The paths of the image's context and of the app host's own modules depend on where the tests were built.</summary>
    private static string Scrub(string text) => BuildPath().Replace(text.ReplaceLineEndings("\n"), "\"${path}");

    [GeneratedRegex("\"[^\"]*/(?<path>images/mlflow|MlflowAspire.AppHost/Azure)")]
    private static partial Regex BuildPath();

    [GeneratedRegex("\"path\": \"(?<path>[^\"]*/[^\"]*\\.bicep)\"")]
    private static partial Regex TemplatePath();
}

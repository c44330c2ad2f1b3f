using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting;

namespace MlflowAspire.Tests.Publish;

/// <summary>What the app host publishes: its manifest and its Bicep modules.</summary>
public sealed partial class PublishedApp
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    // In memory where the system has a place there: a disk's file system takes its time to make a file where thousands have just been deleted.
    private static readonly string s_folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private static readonly ConcurrentDictionary<string, Lazy<Task<PublishedApp>>> s_published = [];

    private readonly Lazy<Task<Deployment>> _deployment;

    private PublishedApp(SortedDictionary<string, string> files)
    {
        Files = files;
        _deployment = new(() => Deployment.OfAsync(this));
    }

    /// <summary>The text of each file, by its name.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The resources of the manifest.</summary>
    public JsonObject Manifest => JsonNode.Parse(Files["manifest.json"])!["resources"]!.AsObject();

    /// <summary>What Azure would do with it.</summary>
    public Task<Deployment> DeployAsync() => _deployment.Value;

    /// <summary>Publishes the app host, once for the same settings.</summary>
    /// <param name="settings">Settings of section <c>Mlflow</c>, such as <c>Profile=development</c>.</param>
    public static Task<PublishedApp> GetAsync(params string[] settings) =>
        s_published.GetOrAdd(string.Join(' ', settings), _ => new(() => PublishAsync(settings))).Value;

    /// <summary>Publishes the app host in this process, by its own entry point.</summary>
    public static Task<PublishedApp> PublishAsync(params string[] settings) => IntoDirectoryAsync(async manifest =>
    {
        using var limit = new CancellationTokenSource(s_limit);
        // Not Development, so that a developer's user secrets play no part.
        string[] args = [.. PublishingProcess.Arguments(manifest, settings), "--environment", "Production"];
        await using var builder = await AppHostBuilder.CreateAsync(args);
        await using var app = await builder.BuildAsync(limit.Token);
        await app.RunAsync(limit.Token);
    });

    /// <summary>Publishes an app host that a test builds.</summary>
    public static Task<PublishedApp> PublishAsync(Action<IDistributedApplicationBuilder> build) => IntoDirectoryAsync(async manifest =>
    {
        using var limit = new CancellationTokenSource(s_limit);
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = [.. PublishingProcess.Arguments(manifest), AppHostBuilder.WithoutWatching],
            AssemblyName = typeof(PublishedApp).Assembly.GetName().Name,
            DisableDashboard = true,
        });
        build(builder);
        await using var app = builder.Build();
        await app.RunAsync(limit.Token);
    });

    private static async Task<PublishedApp> IntoDirectoryAsync(Func<string, Task> publish)
    {
        var directory = Directory.CreateDirectory(Path.Combine(s_folder, $"mlflow-publish-{Guid.NewGuid():N}"));
        try
        {
            await publish(Path.Combine(directory.FullName, "manifest.json"));
            return Read(directory);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Reads what has been published into a directory.</summary>
    internal static PublishedApp Read(DirectoryInfo directory) =>
        new(new(directory.EnumerateFiles().ToDictionary(file => file.Name, file => Scrub(File.ReadAllText(file.FullName))), StringComparer.Ordinal));

    /// <summary>The path of the image's context depends on where the tests were built.</summary>
    private static string Scrub(string text) => BuildPath().Replace(text.ReplaceLineEndings("\n"), "\"${path}");

    [GeneratedRegex("\"[^\"]*/(?<path>images/mlflow)")]
    private static partial Regex BuildPath();
}

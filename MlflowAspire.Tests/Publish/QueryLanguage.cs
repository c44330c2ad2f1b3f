namespace MlflowAspire.Tests.Publish;

/// <summary>The compiler of the query language of Log Analytics, which Microsoft publishes for JavaScript.</summary>
internal static class QueryLanguage
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Publish", "QueryLanguage");
    private static readonly Lazy<Task> s_installed = new(() => Tools.InstallNodePackagesAsync(s_folder));

    /// <summary>Compiles queries against the tables that they ask; one that does not compile fails the test.</summary>
    public static async Task CompileAsync(IEnumerable<string> queries)
    {
        await s_installed.Value;
        await Tools.RunAsync("node", [Path.Combine(s_folder, "check.cjs"), .. queries]);
    }
}

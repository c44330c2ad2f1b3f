namespace MlflowAspire.Tests.Publish;

/// <summary>The compiler of the query language of Log Analytics, which Microsoft publishes for JavaScript.</summary>
internal static class QueryLanguage
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Publish", "QueryLanguage");
    private static readonly string s_script = Path.Combine(s_folder, "check.cjs");
    private static readonly Lazy<CompilerAnswers> s_answers = new(() =>
    {
        var files = new[] { s_script, Path.Combine(s_folder, "package-lock.json") };
        return new($"query-language-{CompilerAnswers.Hash(string.Concat(files.Select(File.ReadAllText)))}");
    });

    /// <summary>Compiles queries against the tables that they ask.</summary>
    /// <returns>A line for each problem, with the query at its end.</returns>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(params IReadOnlyCollection<string> queries)
    {
        var problems = await s_answers.Value.GetAsync(CompilerAnswers.Hash(string.Join('\0', queries)), "problems.txt", async _ =>
        {
            await Tools.InstallNodePackagesAsync(s_folder);
            return await Tools.RunAsync("node", [s_script, .. queries]);
        });
        return problems.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}

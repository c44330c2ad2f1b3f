namespace MlflowAspire.Tests.Docs;

/// <summary>The commands of the tools that no test calls, as their own parsers have them: see Commands.txt.</summary>
internal static class CommandLines
{
    private static readonly Dictionary<string, IReadOnlyList<(string Option, bool IsRequired)>> s_commands = File
        .ReadLines(Path.Combine(Repository.Root, "MlflowAspire.Tests", "Docs", "Commands.txt"))
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split(':', 2))
        .ToDictionary(parts => parts[0], parts => (IReadOnlyList<(string, bool)>)[.. parts[1]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(option => (option.TrimEnd('!'), option.EndsWith('!')))]);

    /// <summary>The tools whose commands are listed.</summary>
    public static IReadOnlySet<string> Tools { get; } = s_commands.Keys.Select(command => command.Split(' ')[0]).ToHashSet();

    /// <summary>What is wrong with a call of one of the tools; null when nothing is.</summary>
    /// <param name="call">The tool and its arguments.</param>
    /// <param name="isMention">Whether only the command is meant, without what it asks for.</param>
    public static string? Fault(IReadOnlyList<string> call, bool isMention = false)
    {
        var words = call.TakeWhile(word => !word.StartsWith('-')).ToList();
        var name = Enumerable.Range(1, words.Count).Reverse().Select(count => string.Join(' ', words.Take(count))).FirstOrDefault(s_commands.ContainsKey);
        if (name is null)
        {
            return $"'{string.Join(' ', words)}' is no command of Commands.txt";
        }

        var given = call.Where(word => word.StartsWith("--", StringComparison.Ordinal)).Select(word => word.Split('=')[0]).ToHashSet();
        var options = s_commands[name];
        var unknown = given.Except(options.Select(option => option.Option)).ToList();
        var missing = isMention ? [] : options.Where(option => option.IsRequired && !given.Contains(option.Option)).Select(option => option.Option).ToList();
        return (unknown, missing) is ([], [])
            ? null
            : $"'{name}' {string.Join(", ", unknown.Select(option => $"has no option {option}").Concat(missing.Select(option => $"asks for {option}")))}";
    }
}

namespace MlflowAspire.Tests.Publish;

/// <summary>Files that the compiler reads, by their names. They are in one folder, which is named after their content.</summary>
/// <param name="texts">The text of each file.</param>
internal sealed class BicepFiles(IEnumerable<KeyValuePair<string, string>> texts)
{
    // The compiler takes the nearest settings above its file.
    private const string Settings = """{ "analyzers": { "core": { "enabled": true } } }""";

    private readonly SortedDictionary<string, string> _texts = new(texts.ToDictionary(), StringComparer.Ordinal) { ["bicepconfig.json"] = Settings };

    /// <summary>The text of a file.</summary>
    public string this[string name] => _texts[name];

    /// <summary>A name of the content.</summary>
    public string Hash => field ??= CompilerAnswers.Hash(string.Concat(_texts.Select(file => $"{file.Key}\0{file.Value}\0")));

    /// <summary>One of the files, with others in place of the rest.</summary>
    public BicepFiles Only(string name, params IEnumerable<KeyValuePair<string, string>> others) => new([KeyValuePair.Create(name, _texts[name]), .. others]);

    /// <summary>Writes the files.</summary>
    /// <param name="folder">The folder.</param>
    public async Task WriteAsync(string folder)
    {
        foreach (var (name, text) in _texts)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        }
    }
}

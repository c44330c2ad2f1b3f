using YamlDotNet.RepresentationModel;

namespace MlflowAspire.Tests.Docs;

/// <summary>Reads YAML; a key that stands twice is an error.</summary>
internal static class YamlFile
{
    /// <summary>The root of a document.</summary>
    public static YamlMappingNode Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    /// <summary>The keys of a mapping.</summary>
    public static IEnumerable<string> Keys(this YamlNode node) => ((YamlMappingNode)node).Children.Keys.Select(key => key.ToString());

    /// <summary>The items of a list; none when there is no list.</summary>
    public static IEnumerable<YamlNode> Items(this YamlNode node, string key) => node.Keys().Contains(key) ? ((YamlSequenceNode)node[key]).Children : [];

    /// <summary>The text at a key; null when there is none.</summary>
    public static string? Text(this YamlNode node, string key) => node.Keys().Contains(key) ? ((YamlScalarNode)node[key]).Value : null;
}

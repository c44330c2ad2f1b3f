using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>A resource as Azure would deploy it: every value that is known before the deployment is evaluated.</summary>
public sealed class DeployedResource(JsonObject content)
{
    private readonly Lazy<SortedDictionary<string, string>> _values = new(() => Flatten(content, byName: false));
    private readonly Lazy<SortedDictionary<string, string>> _namedValues = new(() => Flatten(content, byName: true));

    /// <summary>The type, such as <c>Microsoft.Storage/storageAccounts</c>.</summary>
    public string Type { get; } = (string)content["type"]!;

    /// <summary>The name, without its parents'.</summary>
    public string Name { get; } = LastPart((string)content["name"]!);

    /// <summary>The resource id; for an extension of another resource, an expression.</summary>
    public string Id { get; } = (string?)content["id"] ?? (string)content["name"]!;

    /// <summary>The whole resource.</summary>
    public JsonObject Content => content;

    /// <summary>
    /// All values by their paths, such as <c>properties.subnet.id</c> and <c>properties.delegations[0].name</c>; numbers and truth values as in JSON.
    /// </summary>
    public IReadOnlyDictionary<string, string> Values => _values.Value;

    /// <summary>
    /// All values by paths that stay the same when a list gets another item: items that have names by these, such as <c>env[PGUSER].value</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> NamedValues => _namedValues.Value;

    /// <summary>The value at a path; null when there is none. What only Azure knows is an expression in brackets.</summary>
    public string? this[string path] => Values.GetValueOrDefault(path);

    /// <summary>The containers of an app or a job, the init containers first.</summary>
    public IEnumerable<DeployedContainer> Containers => new[] { "initContainers", "containers" }
        .SelectMany(list => content["properties"]?["template"]?[list]?.AsArray() ?? [])
        .Select(container => new DeployedContainer(this, container!.AsObject()));

    /// <summary>The objects of a list in the resource; none when there is no list.</summary>
    public IReadOnlyList<JsonObject> List(string path) =>
        [.. (path.Split('.').Aggregate((JsonNode?)content, (node, name) => node?[name])?.AsArray() ?? []).Select(item => item!.AsObject())];

    /// <inheritdoc />
    public override string ToString() => $"{Type} {Name}";

    private static string LastPart(string name) => name.StartsWith('[') ? name : name.Split('/')[^1];

    private static SortedDictionary<string, string> Flatten(JsonObject content, bool byName)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(content, "");
        return values;

        void Add(JsonNode? node, string path)
        {
            switch (node)
            {
                case JsonObject { Count: 0 } or JsonArray { Count: 0 }:
                    values.Add(path, node.ToJsonString());
                    break;
                case JsonObject inner:
                    foreach (var (name, value) in inner)
                    {
                        Add(value, path.Length == 0 ? name : $"{path}.{name}");
                    }

                    break;
                case JsonArray list:
                    for (var i = 0; i < list.Count; i++)
                    {
                        var name = byName && list[i] is JsonObject item ? (string?)item["name"] : null;
                        Add(list[i], FormattableString.Invariant($"{path}[{name ?? $"{i}"}]"));
                    }

                    break;
                case not null:
                    values.Add(path, node.ToString());
                    break;
            }
        }
    }
}

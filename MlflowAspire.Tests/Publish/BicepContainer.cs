namespace MlflowAspire.Tests.Publish;

/// <summary>A container of a container app or of a job.</summary>
/// <param name="Resource">The app or the job.</param>
/// <param name="Path">Where it is in its resource.</param>
public sealed record BicepContainer(BicepResource Resource, string Path)
{
    /// <summary>The environment variables: the expression, or the name of the secret as it is in <c>secretRef</c>.</summary>
    public IReadOnlyDictionary<string, BicepVariable> Environment => Items("env").ToDictionary(
        path => Text(Resource[$"{path}.name"]!),
        path => new BicepVariable(Resource[$"{path}.value"], Resource[$"{path}.secretRef"] is { } secret ? Text(secret) : null));

    /// <summary>The arguments, as expressions.</summary>
    public IReadOnlyList<string> Args => [.. Items("args").Select(path => Resource[path]!)];

    /// <summary>The expression at a path in the container.</summary>
    public string? this[string path] => Resource[$"{Path}.{path}"];

    /// <summary>The containers of an app, the init containers first.</summary>
    public static IEnumerable<BicepContainer> Of(BicepResource resource) => new[] { "initContainers", "containers" }.SelectMany(list => Enumerable
        .Range(0, int.MaxValue)
        .Select(index => new BicepContainer(resource, FormattableString.Invariant($"properties.template.{list}[{index}]")))
        .TakeWhile(container => container["image"] is not null));

    /// <summary>The paths of a list's items.</summary>
    public IEnumerable<string> Items(string list) => Enumerable
        .Range(0, int.MaxValue)
        .Select(index => FormattableString.Invariant($"{Path}.{list}[{index}]"))
        .TakeWhile(path => Resource.Values.Keys.Any(key => key == path || key.StartsWith($"{path}.", StringComparison.Ordinal)));

    private static string Text(string expression) => expression.Trim('\'');
}

/// <summary>An environment variable of a container.</summary>
/// <param name="Value">Its value, as an expression; null for a secret.</param>
/// <param name="Secret">The name of the secret that is its value; null otherwise.</param>
public sealed record BicepVariable(string? Value, string? Secret);

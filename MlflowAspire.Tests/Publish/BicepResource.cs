using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>A resource of a Bicep module.</summary>
/// <param name="Module">The name of the module.</param>
/// <param name="Symbol">The name in the module.</param>
/// <param name="Type">The type, such as <c>Microsoft.Storage/storageAccounts</c>.</param>
/// <param name="IsExisting">Whether the module only refers to it.</param>
/// <param name="Values">The expressions by their paths, such as <c>properties.subnet.id</c> and <c>properties.delegations[0].name</c>.</param>
public sealed partial record BicepResource(string Module, string Symbol, string Type, bool IsExisting, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>The expression at a path, as it is written, texts with their quotes; null when there is none.</summary>
    public string? this[string path] => Values.GetValueOrDefault(path);

    /// <inheritdoc />
    public override string ToString() => $"{Module}: {Type} {Symbol}";

    /// <summary>
    /// Reads the resources of a module, in the layout that Azure.Provisioning writes: each property and each bracket on a line of its own. A loop is read as
    /// one resource.
    /// </summary>
    public static IEnumerable<BicepResource> Parse(string module, string bicep)
    {
        using var lines = bicep.Split('\n').AsEnumerable().GetEnumerator();
        while (lines.MoveNext())
        {
            if (Declaration().Match(lines.Current) is { Success: true } declaration)
            {
                var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
                ReadBody(lines, "", inList: false, values);
                yield return new(module, declaration.Groups["symbol"].Value, declaration.Groups["type"].Value, declaration.Groups["existing"].Success, values);
            }
        }
    }

    private static void ReadBody(IEnumerator<string> lines, string path, bool inList, SortedDictionary<string, string> values)
    {
        for (var i = 0; lines.MoveNext() && lines.Current.Trim() is var line and not ("}" or "]" or "}]"); i++)
        {
            var property = inList ? null : Property().Match(line);
            var name = inList ? $"{path}[{i}]" : $"{(path.Length == 0 ? "" : $"{path}.")}{property!.Groups["name"].Value.Trim('\'')}";
            var value = property?.Groups["value"].Value ?? line;
            if (value is "{" or "[")
            {
                ReadBody(lines, name, value == "[", values);
            }
            else
            {
                values.Add(name, value);
            }
        }
    }

    [GeneratedRegex("^resource (?<symbol>\\w+) '(?<type>[^@]+)@[^']+' (?<existing>existing )?= (\\[for \\w+ in [^:]+: |if \\(.+\\) )?\\{$")]
    private static partial Regex Declaration();

    [GeneratedRegex("^(?<name>'[^']+'|\\w+): (?<value>.+)$")]
    private static partial Regex Property();
}

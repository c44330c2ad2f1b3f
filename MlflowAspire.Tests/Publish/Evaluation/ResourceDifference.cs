using System.Text;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// What two deployments differ in, resource by resource: <c>-</c> is missing in the second, <c>+</c> is new in it, <c>~</c> has other values.
/// </summary>
internal static class ResourceDifference
{
    private const string Group = $"/subscriptions/{BicepCompiler.Subscription}/resourceGroups/{Deployment.ResourceGroup}/providers/";

    // They are in the line of the resource, and in its id.
    private static readonly string[] s_known = ["name", "type"];

    public static string Between(Deployment first, Deployment second)
    {
        var (before, after) = (ByKey(first), ByKey(second));
        var text = new StringBuilder();
        foreach (var key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            Append(text, before.GetValueOrDefault(key), after.GetValueOrDefault(key));
        }

        return text.Replace(Group, "").ToString();
    }

    private static void Append(StringBuilder text, DeployedResource? before, DeployedResource? after)
    {
        var values = (before?.NamedValues.Keys ?? []).Union(after?.NamedValues.Keys ?? []).Order(StringComparer.Ordinal)
            .Select(path => (Path: path, Old: before?.NamedValues.GetValueOrDefault(path), New: after?.NamedValues.GetValueOrDefault(path)))
            .Where(value => value.Old != value.New && !s_known.Contains(value.Path))
            .ToList();
        if (values is [])
        {
            return;
        }

        text.Append(before is null ? "+ " : after is null ? "- " : "~ ").Append(after ?? before).Append('\n');
        foreach (var (path, old, @new) in after is null ? [] : values)
        {
            text.Append("    ").Append(path).Append(": ").Append(before is null ? @new : $"{old ?? "(none)"} -> {@new ?? "(none)"}").Append('\n');
        }
    }

    private static Dictionary<string, DeployedResource> ByKey(Deployment deployment) =>
        deployment.Resources.ToDictionary(resource => $"{resource.Type} {resource.Id}");
}

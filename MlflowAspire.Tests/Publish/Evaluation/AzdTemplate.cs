using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>
/// The <c>main.bicep</c> that azd writes for a manifest: its parameters, a module for each module of the manifest, and the outputs that azd keeps. The apps'
/// modules, which azd deploys one by one afterwards, wait for all others in it.
/// </summary>
internal sealed partial class AzdTemplate
{
    private readonly JsonObject _manifest;
    private readonly StringBuilder _text = new();

    private AzdTemplate(JsonObject manifest) => _manifest = manifest;

    /// <summary>The template of a manifest's resources.</summary>
    public static string Of(JsonObject manifest) => new AzdTemplate(manifest).Write();

    /// <summary>A file of parameters with a plausible value for each parameter.</summary>
    public static string ParametersOf(JsonObject manifest)
    {
        var text = new StringBuilder("using './main.bicep'\nparam environmentName = 'test'\n");
        text.Append(CultureInfo.InvariantCulture, $"param location = '{BicepCompiler.Location}'\nparam principalId = '00000000-0000-0000-0000-0000000000cc'\n");
        foreach (var (name, input) in new AzdTemplate(manifest).Parameters())
        {
            text.Append(CultureInfo.InvariantCulture, $"param {Identifier(name)} = '{Value(name, input)}'\n");
        }

        return text.ToString();
    }

    /// <summary>A name as azd writes it in Bicep.</summary>
    public static string Identifier(string name) => name.Replace('-', '_');

    private string Write()
    {
        Line("targetScope = 'subscription'");
        Line("@minLength(1)\n@maxLength(64)\nparam environmentName string");
        Line("@minLength(1)\nparam location string");
        Line("param principalId string = ''");
        foreach (var (name, input) in Parameters())
        {
            var value = (string?)input["default"]?["value"] is { } text ? $" = {Quoted(text)}" : "";
            Line($"{(IsSecret(input) ? "@secure()\n" : "")}param {Identifier(name)} string{value}");
        }

        Line("resource rg 'Microsoft.Resources/resourceGroups@2022-09-01' = {\n  name: 'rg-${environmentName}'\n  location: location\n}");
        var modules = Sorted(resource => resource["path"] is null ? null : resource).ToList();
        foreach (var (name, module) in modules)
        {
            WriteModule(Identifier(name), module);
        }

        foreach (var (name, deployment) in Sorted(resource => resource["deployment"]?.AsObject()))
        {
            WriteModule($"app_{Identifier(name)}", deployment, after: modules.Select(module => Identifier(module.Key)));
        }

        foreach (var reference in Outputs().Distinct().Order(StringComparer.Ordinal))
        {
            Line($"output {reference.Replace(".outputs.", "_", StringComparison.Ordinal).ToUpperInvariant()} string = {reference}");
        }

        return _text.ToString();
    }

    private void WriteModule(string symbol, JsonObject module, IEnumerable<string>? after = null)
    {
        var group = (string?)module["scope"]?["resourceGroup"];
        Line($"module {symbol} '{Path.GetFileName((string)module["path"]!)}' = {{");
        Line($"  name: '{symbol}'\n  scope: {(group is null ? "rg" : $"resourceGroup({Expression(group)})")}\n  params: {{\n    location: location");
        foreach (var (name, value) in module["params"]?.AsObject() ?? [])
        {
            // Azure's own: who deploys.
            Line($"    {name}: {(name == "userPrincipalId" && (string?)value == "" ? "principalId" : Expression((string)value!))}");
        }

        Line($"  }}{(after is null ? "" : $"\n  dependsOn: [\n    {string.Join("\n    ", after)}\n  ]")}\n}}");
    }

    private IEnumerable<KeyValuePair<string, JsonObject>> Parameters() =>
        Sorted(
            resource => (string?)resource["type"] == "parameter.v0" && resource["inputs"] is { } inputs ? inputs.AsObject().Single().Value!.AsObject() : null);

    private IEnumerable<KeyValuePair<string, JsonObject>> Sorted(Func<JsonObject, JsonObject?> part) => _manifest
        .Select(resource => (Name: resource.Key, Part: part(resource.Value!.AsObject())))
        .Where(resource => resource.Part is not null)
        .OrderBy(resource => resource.Name, StringComparer.Ordinal)
        .Select(resource => KeyValuePair.Create(resource.Name, resource.Part!));

    /// <summary>What connection strings, variables and apps ask for.</summary>
    private IEnumerable<string> Outputs() => _manifest
        .SelectMany(resource => new[] { resource.Value!["connectionString"], resource.Value["env"], resource.Value["deployment"]?["params"] })
        .SelectMany(node => OutputReference().Matches(node?.ToJsonString() ?? ""))
        .Select(match => $"{Identifier(match.Groups["resource"].Value)}.outputs.{match.Groups["output"].Value}");

    /// <summary>A value of the manifest in Bicep.</summary>
    private string Expression(string value) => Reference().Match(value) is { Success: true } whole && whole.Length == value.Length
        ? Resolve(whole.Groups["reference"].Value)
        : Quoted(value, text => Reference().Replace(text, match => $"${{{Resolve(match.Groups["reference"].Value)}}}"));

    private string Resolve(string reference)
    {
        var (name, property) = reference.Split('.', 2) switch { [var resource, var rest] => (resource, rest), _ => throw new FormatException(reference) };
        var target = _manifest[name] ?? throw new InvalidOperationException($"The manifest refers to '{name}', which is not in it.");
        return ((string?)target["type"], property) switch
        {
            ("parameter.v0", "value") => Identifier(name),
            (_, "connectionString") => Expression((string)target["connectionString"]!),
            ("value.v0", "value") => Expression((string)target["value"]!),
            (_, "containerImage") => $"'registry.azurecr.io/{name}:1'",
            (_, "containerPort") => "'8080'",
            (
                ['a', 'z', 'u', 'r', 'e', '.', 'b', 'i', 'c', 'e', 'p', ..],
                _) when property.StartsWith("outputs.", StringComparison.Ordinal) => $"{Identifier(name)}.{property}",
            var (type, _) => throw new InvalidOperationException($"azd cannot resolve '{{{reference}}}' of type {type}."),
        };
    }

    private void Line(string line) => _text.Append(line).Append('\n');

    private static bool IsSecret(JsonObject input) => (bool?)input["secret"] is true;

    private static string Quoted(string text, Func<string, string>? replace = null)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
        return $"'{replace?.Invoke(escaped) ?? escaped}'";
    }

    private static string Value(string name, JsonObject input) => (string?)input["default"]?["value"] ?? name switch
    {
        _ when input["default"]?["generate"] is { } generate => name.PadRight((int?)generate["minLength"] ?? 22, 'x'),
        _ when name.Contains("email", StringComparison.Ordinal) => "operators@example.com",
        _ when name.Contains("domain", StringComparison.Ordinal) => "mlflow.example.com",
        _ when name.Contains("url", StringComparison.Ordinal) => "rediss://:key@redis.example.com:6380/0",
        _ => $"{name}-value",
    };

    [GeneratedRegex(@"\{(?<reference>[^{}]+)\}")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\{(?<resource>[A-Za-z0-9-]+)\.outputs\.(?<output>\w+)\}")]
    private static partial Regex OutputReference();
}

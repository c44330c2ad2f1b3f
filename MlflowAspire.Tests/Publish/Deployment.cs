using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>What Azure would do with a published app host: azd's template of it, evaluated, and compiled and put in order when a test asks for it.</summary>
public sealed class Deployment
{
    /// <summary>The resource group that azd makes.</summary>
    public const string ResourceGroup = "rg-test";

    private readonly Lazy<Task<(JsonNode Template, IReadOnlyList<BicepDiagnostic> Diagnostics)>> _compiled;
    private readonly Lazy<Task<DeploymentOrder>> _order;
    private readonly string _folder;
    private readonly JsonObject _manifest;

    private Deployment(string main, JsonObject manifest, IReadOnlyList<DeployedResource> resources)
    {
        _folder = Path.GetDirectoryName(main)!;
        _manifest = manifest;
        Resources = resources;
        _compiled = new(() => BicepCompiler.Instance.CompileAsync(main));
        _order = new(() => DeploymentOrder.ReadAsync(main));
    }

    /// <summary>The resources of all modules, those of the apps included; none that only is referred to.</summary>
    public IReadOnlyList<DeployedResource> Resources { get; }

    /// <summary>What the compiler and its rules say of azd's template and of each module.</summary>
    public async Task<IReadOnlyList<BicepDiagnostic>> DiagnosticsAsync() => (await _compiled.Value).Diagnostics;

    /// <summary>The template of Azure Resource Manager.</summary>
    public async Task<JsonNode> TemplateAsync() => (await _compiled.Value).Template;

    /// <summary>The containers of all apps and jobs.</summary>
    public IEnumerable<DeployedContainer> Containers => Resources.SelectMany(resource => resource.Containers);

    /// <summary>The only resource of a type.</summary>
    public DeployedResource Only(string type) => Assert.Single(Resources, resource => resource.Type == type);

    /// <summary>The only resource of a type with a name.</summary>
    public DeployedResource Only(string type, string name) => Assert.Single(Resources, resource => resource.Type == type && resource.Name == name);

    /// <summary>All resources of a type.</summary>
    public IReadOnlyList<DeployedResource> All(string type) => [.. Resources.Where(resource => resource.Type == type)];

    /// <summary>The private endpoint of a resource.</summary>
    public DeployedResource EndpointOf(DeployedResource target) => Assert.Single(
        All("Microsoft.Network/privateEndpoints"), endpoint =>
            endpoint["properties.privateLinkServiceConnections[0].properties.privateLinkServiceId"] == target.Id);

    /// <summary>What Azure would do with the app host, with settings of section <c>Mlflow</c> such as <c>Profile=development</c>.</summary>
    public static async Task<Deployment> GetAsync(params string[] settings) => await (await PublishedApp.GetAsync(settings)).DeployAsync();

    /// <summary>
    /// The containers of an app or a job when the rest is deployed: its module alone, with what only Azure knows as parameters, as azd deploys it.
    /// </summary>
    /// <param name="name">The name in the manifest.</param>
    /// <param name="values">
    /// Values of the module's parameters, such as <c>storage_outputs_blobhost</c>; any other parameter has its own name as its value.
    /// </param>
    public async Task<IReadOnlyList<DeployedContainer>> ContainersAsync(string name, IReadOnlyDictionary<string, string> values)
    {
        var module = _manifest[name]!["deployment"]!;
        var parameters = module["params"]!.AsObject()
            .Select(parameter => $"param {parameter.Key} = '{values.GetValueOrDefault(parameter.Key, parameter.Key)}'");
        var path = Path.Combine(_folder, $"{name}-{Guid.NewGuid():N}.bicepparam");
        await File.WriteAllLinesAsync(path, [$"using './{module["path"]}'", $"param location = '{BicepCompiler.Location}'", .. parameters]);
        return [.. (await BicepCompiler.Instance.EvaluateAsync(path, ResourceGroup)).SelectMany(resource => resource.Containers)];
    }

    /// <summary>In which order Azure deploys.</summary>
    public Task<DeploymentOrder> OrderAsync() => _order.Value;

    /// <summary>Evaluates what is published.</summary>
    internal static async Task<Deployment> OfAsync(PublishedApp app)
    {
        // The files stay: they are compiled when a test asks for it.
        var folder = Directory.CreateDirectory(Path.Combine(s_folder.Value, Guid.NewGuid().ToString("N"))).FullName;
        foreach (var (name, text) in app.Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal)))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        }

        var main = Path.Combine(folder, "main.bicep");
        await File.WriteAllTextAsync(main, AzdTemplate.Of(app.Manifest));
        await File.WriteAllTextAsync(Path.Combine(folder, "main.bicepparam"), AzdTemplate.ParametersOf(app.Manifest));
        // The compiler takes the nearest settings above its file.
        await File.WriteAllTextAsync(Path.Combine(folder, "bicepconfig.json"), """{ "analyzers": { "core": { "enabled": true } } }""");

        return new(main, app.Manifest, await BicepCompiler.Instance.EvaluateAsync(Path.Combine(folder, "main.bicepparam")));
    }

    // Beside the tests, so that the next run takes the place of this one.
    private static readonly Lazy<string> s_folder = new(() =>
    {
        var folder = new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "deployments"));
        if (folder.Exists)
        {
            folder.Delete(recursive: true);
        }

        return folder.FullName;
    });
}

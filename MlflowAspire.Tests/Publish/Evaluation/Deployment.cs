using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>What Azure would do with a published app host: azd's template of it, evaluated, and compiled and put in order when a test asks for it.</summary>
public sealed class Deployment
{
    /// <summary>The resource group that azd makes.</summary>
    public const string ResourceGroup = "rg-test";

    private const string Template = "main.bicep";
    private const string Parameters = "main.bicepparam";

    private readonly Lazy<Task<(JsonNode Template, IReadOnlyList<BicepDiagnostic> Diagnostics)>> _compiled;
    private readonly Lazy<Task<DeploymentOrder>> _order;
    private readonly BicepFiles _files;
    private readonly JsonObject _manifest;

    private Deployment(BicepFiles files, JsonObject manifest, IReadOnlyList<DeployedResource> resources)
    {
        _files = files;
        _manifest = manifest;
        Resources = resources;
        _compiled = new(() => BicepCompiler.CompileAsync(files, Template));
        _order = new(() => DeploymentOrder.ReadAsync(files, Template));
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
    /// The containers of an app or a job when the rest is deployed: only its module, with what Azure itself knows as parameters, as azd deploys it.
    /// </summary>
    /// <param name="name">The name in the manifest.</param>
    /// <param name="values">
    /// Values of the module's parameters, such as <c>storage_outputs_blobhost</c>; any other parameter has its own name as its value.
    /// </param>
    public async Task<IReadOnlyList<DeployedContainer>> ContainersAsync(string name, IReadOnlyDictionary<string, string> values)
    {
        var module = _manifest[name]!["deployment"]!;
        var path = (string)module["path"]!;
        var parameters = module["params"]!.AsObject()
            .Select(parameter => $"param {parameter.Key} = '{values.GetValueOrDefault(parameter.Key, parameter.Key)}'");
        string[] lines = [$"using './{path}'", $"param location = '{BicepCompiler.Location}'", .. parameters];
        var files = _files.Only(path, KeyValuePair.Create(Parameters, string.Join('\n', lines)));
        return [.. (await BicepCompiler.EvaluateAsync(files, Parameters, ResourceGroup)).SelectMany(resource => resource.Containers)];
    }

    /// <summary>In which order Azure deploys.</summary>
    public Task<DeploymentOrder> OrderAsync() => _order.Value;

    /// <summary>Evaluates what is published.</summary>
    internal static async Task<Deployment> OfAsync(PublishedApp app)
    {
        var files = new BicepFiles(
        [
            .. app.Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal)),
            KeyValuePair.Create(Template, AzdTemplate.Of(app.Manifest)),
            KeyValuePair.Create(Parameters, AzdTemplate.ParametersOf(app.Manifest)),
        ]);
        return new(files, app.Manifest, await BicepCompiler.EvaluateAsync(files, Parameters));
    }
}

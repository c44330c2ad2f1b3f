using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>What Azure would do with a published app host: azd's template of it, compiled and evaluated.</summary>
public sealed class Deployment
{
    private readonly string _folder;
    private readonly Lazy<Task<DeploymentOrder>> _order;

    private Deployment(string folder, JsonNode template, IReadOnlyList<BicepDiagnostic> diagnostics, IReadOnlyList<DeployedResource> resources)
    {
        _folder = folder;
        Template = template;
        Diagnostics = diagnostics;
        Resources = resources;
        _order = new(() => DeploymentOrder.ReadAsync(Path.Combine(_folder, "main.bicep")));
    }

    /// <summary>The resources of all modules, those of the apps included; none that only is referred to.</summary>
    public IReadOnlyList<DeployedResource> Resources { get; }

    /// <summary>What the compiler and its rules say of azd's template and of each module.</summary>
    public IReadOnlyList<BicepDiagnostic> Diagnostics { get; }

    /// <summary>The template of Azure Resource Manager.</summary>
    public JsonNode Template { get; }

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
        All("Microsoft.Network/privateEndpoints"), endpoint => endpoint["properties.privateLinkServiceConnections[0].properties.privateLinkServiceId"] == target.Id);

    /// <summary>What Azure would do with the app host, with settings of section <c>Mlflow</c> such as <c>Profile=development</c>.</summary>
    public static async Task<Deployment> GetAsync(params string[] settings) => await (await PublishedApp.GetAsync(settings)).DeployAsync();

    /// <summary>In which order Azure deploys.</summary>
    public Task<DeploymentOrder> OrderAsync() => _order.Value;

    /// <summary>Compiles and evaluates what is published.</summary>
    internal static async Task<Deployment> OfAsync(PublishedApp app)
    {
        // The files stay until the tests end: the order is read from them when a test asks for it.
        var folder = Directory.CreateDirectory(Path.Combine(s_folder.Value, Guid.NewGuid().ToString("N"))).FullName;
        foreach (var (name, text) in app.Files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal)))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "main.bicep"), AzdTemplate.Of(app.Manifest));
        await File.WriteAllTextAsync(Path.Combine(folder, "main.bicepparam"), AzdTemplate.ParametersOf(app.Manifest));
        // The compiler takes the nearest settings above its file.
        await File.WriteAllTextAsync(Path.Combine(folder, "bicepconfig.json"), """{ "analyzers": { "core": { "enabled": true } } }""");

        var (template, diagnostics) = await BicepCompiler.Instance.CompileAsync(Path.Combine(folder, "main.bicep"));
        return new(folder, template, diagnostics, await BicepCompiler.Instance.EvaluateAsync(Path.Combine(folder, "main.bicepparam")));
    }

    private static readonly Lazy<string> s_folder = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("mlflow-deployments-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });
}

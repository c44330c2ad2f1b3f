namespace MlflowAspire.Tests.Publish;

/// <summary>In which order Azure deploys the resources of all modules: what does not wait for another runs beside it.</summary>
public sealed class DeploymentOrder
{
    private readonly DeploymentGraph _modules;
    private readonly Dictionary<string, DeploymentGraph> _resources;

    private DeploymentOrder(DeploymentGraph modules, Dictionary<string, DeploymentGraph> resources) => (_modules, _resources) = (modules, resources);

    /// <summary>What is deployed, by module.</summary>
    public IEnumerable<DeploymentStep> Steps =>
        _resources.SelectMany(module => module.Value.Nodes.Where(node => !node.IsExisting).Select(node => new DeploymentStep(module.Key, node)));

    /// <summary>Whether one is deployed only after another is there.</summary>
    public bool IsAfter(DeploymentStep step, DeploymentStep other) => step.Module == other.Module
        ? _resources[step.Module].Waits(step.Node.Symbol, other.Node.Symbol)
        : _modules.Waits(step.Module, other.Module);

    /// <summary>The declaration of a symbol in the module of a step.</summary>
    public DeploymentNode? Find(DeploymentStep step, string symbol) => _resources[step.Module].Nodes.SingleOrDefault(node => node.Symbol == symbol);

    internal static async Task<DeploymentOrder> ReadAsync(BicepFiles files, string template)
    {
        var modules = await BicepCompiler.GraphAsync(files, template);
        var resources = new Dictionary<string, DeploymentGraph>();
        foreach (var module in modules.Nodes.Where(node => node.RelativePath is not null))
        {
            // By itself: most modules are those of other deployments too.
            resources[module.Symbol] = await BicepCompiler.GraphAsync(files.Only(module.RelativePath!), module.RelativePath!);
        }

        return new(modules, resources);
    }
}

/// <summary>A resource of a module.</summary>
/// <param name="Module">The module's symbol in azd's template.</param>
/// <param name="Node">The resource.</param>
public sealed record DeploymentStep(string Module, DeploymentNode Node)
{
    /// <inheritdoc />
    public override string ToString() => $"{Module}/{Node.Symbol}";
}

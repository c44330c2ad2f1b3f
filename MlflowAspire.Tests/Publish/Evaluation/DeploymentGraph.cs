namespace MlflowAspire.Tests.Publish;

/// <summary>What a Bicep file deploys, and what waits for what: all that does not wait runs side by side.</summary>
/// <param name="Nodes">The resources and modules.</param>
/// <param name="Edges">What each waits for, by its symbol.</param>
public sealed record DeploymentGraph(IReadOnlyList<DeploymentNode> Nodes, ILookup<string, string> Edges)
{
    /// <summary>Whether one waits for another, at once or through others.</summary>
    public bool Waits(string symbol, string forSymbol) => Edges[symbol].Any(next => next == forSymbol || Waits(next, forSymbol));
}

/// <summary>A resource or module of a Bicep file.</summary>
/// <param name="Symbol">Its name in the file.</param>
/// <param name="Type">The type of the resource, or <c>&lt;module&gt;</c>.</param>
/// <param name="IsExisting">Whether the file only refers to it.</param>
/// <param name="RelativePath">The file of a module.</param>
/// <param name="Declaration">Its text in the file.</param>
public sealed record DeploymentNode(string Symbol, string Type, bool IsExisting, string? RelativePath, string Declaration);

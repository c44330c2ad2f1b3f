using System.Text.Json.Nodes;

namespace MlflowAspire.Tests.Publish;

/// <summary>A container of a container app or of a job.</summary>
/// <param name="Resource">The app or the job.</param>
/// <param name="Content">The whole container.</param>
public sealed record DeployedContainer(DeployedResource Resource, JsonObject Content)
{
    /// <summary>The name.</summary>
    public string Name => (string)Content["name"]!;

    /// <summary>The environment variables.</summary>
    public IReadOnlyDictionary<string, DeployedVariable> Environment => (Content["env"]?.AsArray() ?? []).ToDictionary(
        variable => (string)variable!["name"]!,
        variable => new DeployedVariable((string?)variable!["value"], (string?)variable["secretRef"]));

    /// <summary>The arguments.</summary>
    public IReadOnlyList<string> Args => [.. (Content["args"]?.AsArray() ?? []).Select(argument => (string)argument!)];
}

/// <summary>An environment variable of a container.</summary>
/// <param name="Value">Its value; null for a secret.</param>
/// <param name="Secret">The name of the app's secret that is its value; null otherwise.</param>
public sealed record DeployedVariable(string? Value, string? Secret);

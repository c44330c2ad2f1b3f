namespace Docker.DotNet.Models;

/// <summary>What the engine is asked for when it creates a container.</summary>
public class CreateContainerParameters
{
    /// <summary>The settings that depend on the host.</summary>
    public HostConfig HostConfig { get; set; } = new();
}

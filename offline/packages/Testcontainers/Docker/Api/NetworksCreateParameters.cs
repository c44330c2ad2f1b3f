namespace Docker.DotNet.Models;

/// <summary>What the engine is asked for when it creates a network.</summary>
public class NetworksCreateParameters
{
    /// <summary>Whether the network has no way out.</summary>
    public bool Internal { get; set; }
}

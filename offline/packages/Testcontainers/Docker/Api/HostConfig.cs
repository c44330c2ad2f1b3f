namespace Docker.DotNet.Models;

/// <summary>The settings of a container that depend on the host.</summary>
public class HostConfig
{
    /// <summary>Whether the root file system can only be read.</summary>
    public bool ReadonlyRootfs { get; set; }

    /// <summary>The capabilities that the container does without.</summary>
    public IList<string>? CapDrop { get; set; }

    /// <summary>Options of the kernel's security modules.</summary>
    public IList<string>? SecurityOpt { get; set; }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The sizes that Container Apps has for a container.</summary>
internal static class ContainerSize
{
    /// <summary>What is accepted, in words.</summary>
    public const string Accepted = "0.25 to 4 cores in steps of 0.25, and twice as many GiB as cores";

    /// <summary>Whether Container Apps takes a size.</summary>
    public static bool Accepts(MlflowServerSize size) => size is { Cores: >= 0.25 and <= 4 } && size.Cores * 4 % 1 == 0 && size.MemoryGiB == 2 * size.Cores;

    /// <summary>The size as Container Apps writes it.</summary>
    public static AppContainerResources ToContainerResources(this MlflowServerSize size) => new()
    {
        Cpu = size.Cores,
        Memory = FormattableString.Invariant($"{size.MemoryGiB}Gi"),
    };

    /// <summary>Refuses to publish a server of another size.</summary>
    /// <exception cref="DistributedApplicationException">Container Apps has no such size.</exception>
    public static void Require(MlflowServerResource server)
    {
        if (!Accepts(server.Size))
        {
            var size = FormattableString.Invariant($"{server.Size.Cores} cores and {server.Size.MemoryGiB} GiB");
            throw new DistributedApplicationException(
                $"MLflow server '{server.Name}' has {size} (WithSize); accepted by Container Apps: {Accepted}.");
        }
    }
}

using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Sizes as Container Apps writes them.</summary>
internal static class ContainerResourcesExtensions
{
    /// <summary>The size of a container: Container Apps takes twice as many GiB as cores.</summary>
    public static AppContainerResources ToContainerResources(this MlflowServerSize size) => new()
    {
        Cpu = size.Cores,
        Memory = FormattableString.Invariant($"{size.MemoryGiB}Gi"),
    };
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// Resources of the app host that a deployment uses as they are, in place of those that it would add: existing ones (<c>PublishAsExisting</c>), or ones that
/// others in the app host use as well. An existing storage account is named by its own resource (<c>PublishAsExisting</c>).
/// </summary>
public sealed record DeploymentResources
{
    /// <summary>The key vault of the secrets; it takes roles. It gets a private endpoint.</summary>
    public IResourceBuilder<AzureKeyVaultResource>? KeyVault { get; init; }

    /// <summary>The container registry of the image.</summary>
    public IResourceBuilder<AzureContainerRegistryResource>? ContainerRegistry { get; init; }

    /// <summary>The Log Analytics workspace of all logs.</summary>
    public IResourceBuilder<AzureLogAnalyticsWorkspaceResource>? LogAnalyticsWorkspace { get; init; }
}

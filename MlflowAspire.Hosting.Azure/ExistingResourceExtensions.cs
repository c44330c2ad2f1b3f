using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Publishes resources that may exist already.</summary>
internal static class ExistingResourceExtensions
{
    /// <summary>Refers to the existing resource that the settings name, which stays as it is; without one, configures the resource that is deployed.</summary>
    public static IResourceBuilder<T> PublishAsExistingOr<T>(
        this IResourceBuilder<T> builder, ExistingResource? existing, Action<AzureResourceInfrastructure> configure) where T : AzureProvisioningResource
    {
        if (existing is not null)
        {
            builder.PublishAsExisting(existing.Name, existing.ResourceGroup);
        }

        return builder.Resource.IsExisting() ? builder : builder.ConfigureInfrastructure(configure);
    }
}

using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.ContainerRegistry;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.AppHost.Azure;

/// <summary>Adds the Container Apps environment that the server and its jobs run in (guide row G5).</summary>
internal static class EnvironmentExtensions
{
    private const string DefaultDomainOutput = "AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN";
    private const string StaticAddressOutput = "AZURE_CONTAINER_APPS_ENVIRONMENT_STATIC_IP";

    /// <summary>Adds the environment to its subnet, with the registry that it pulls images from.</summary>
    public static IResourceBuilder<AzureContainerAppEnvironmentResource> AddMlflowEnvironment(
        this IDistributedApplicationBuilder builder, MlflowSettings settings, MlflowNetwork network, IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace)
    {
        // It has a public endpoint, so that images can be pushed from outside of the network; nothing is pushed or pulled without an identity.
        var registry = builder.AddAzureContainerRegistry("registry").ConfigureInfrastructure(infrastructure =>
        {
            var service = infrastructure.GetProvisionableResources().OfType<ContainerRegistryService>().Single();
            service.Sku.Name = settings.Sizes.RegistrySku;
            service.IsAdminUserEnabled = false;
        });

        var environment = builder.AddAzureContainerAppEnvironment("environment")
            .WithAzureContainerRegistry(registry)
            .WithAzureLogAnalyticsWorkspace(workspace)
            .WithDelegatedSubnet(network.ContainerApps)
            // The dashboard is a tool of developers; in Azure there is Azure Monitor.
            .WithDashboard(false)
            .ConfigureInfrastructure(infrastructure =>
            {
                var managed = infrastructure.GetProvisionableResources().OfType<ContainerAppManagedEnvironment>().Single();
                var isInternal = settings.Ingress is IngressMode.Internal;
                managed.VnetConfiguration.IsInternal = isInternal;
                managed.PublicNetworkAccess = isInternal ? ContainerAppPublicNetworkAccess.Disabled : ContainerAppPublicNetworkAccess.Enabled;
                managed.IsZoneRedundant = settings.Sizes.ZoneRedundancy;
                infrastructure.Add(new ProvisioningOutput(StaticAddressOutput, typeof(string)) { Value = managed.StaticIP });
            });

        if (settings.Ingress is IngressMode.Internal)
        {
            builder.AddDefaultDomain(environment, network);
        }

        return environment;
    }

    /// <summary>The address of an app with ingress in the environment.</summary>
    public static ReferenceExpression UriOf(this IResourceBuilder<AzureContainerAppEnvironmentResource> environment, IResource app) =>
        ReferenceExpression.Create($"https://{app.Name}.{new BicepOutputReference(DefaultDomainOutput, environment.Resource)}");

    /// <summary>Azure publishes no names of an internal environment: a private zone resolves them in the network.</summary>
    private static void AddDefaultDomain(
        this IDistributedApplicationBuilder builder, IResourceBuilder<AzureContainerAppEnvironmentResource> environment, MlflowNetwork network) =>
        builder.AddAzureInfrastructure("environment-dns", infrastructure =>
        {
            var zone = new PrivateDnsZone("zone")
            {
                Name = new BicepOutputReference(DefaultDomainOutput, environment.Resource).AsProvisioningParameter(infrastructure, "defaultDomain"),
                Location = new AzureLocation("global"),
            };
            var staticAddress = new BicepOutputReference(StaticAddressOutput, environment.Resource).AsProvisioningParameter(infrastructure, "staticAddress");
            infrastructure.Add(zone);
            infrastructure.Add(new PrivateDnsARecord("apps")
            {
                Parent = zone,
                Name = "*",
                TtlInSeconds = 3600,
                PrivateDnsARecords =
                [
                    new PrivateDnsARecordInfo { IPv4Address = staticAddress },
                ],
            });
            infrastructure.Add(new VirtualNetworkLink("link")
            {
                Parent = zone,
                Name = "network-link",
                Location = new AzureLocation("global"),
                RegistrationEnabled = false,
                VirtualNetworkId = network.VirtualNetwork.Resource.Id.AsProvisioningParameter(infrastructure),
            });
        });
}

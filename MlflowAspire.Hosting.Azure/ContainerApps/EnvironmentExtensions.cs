using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.ContainerRegistry;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.PrivateDns;
using Azure.Provisioning.Resources;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Adds the Container Apps environment that the server and its jobs run in.</summary>
internal static class EnvironmentExtensions
{
    private const string DefaultDomainOutput = "AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN";
    private const string TrackingUriOutput = "MLFLOW_TRACKING_URI";
    private const string StaticAddressOutput = "AZURE_CONTAINER_APPS_ENVIRONMENT_STATIC_IP";

    /// <summary>Adds the environment to its subnet, with the registry that it pulls images from.</summary>
    public static IResourceBuilder<AzureContainerAppEnvironmentResource> AddMlflowEnvironment(
        this IDistributedApplicationBuilder builder,
        MlflowSettings settings,
        MlflowPrivateNetwork network,
        IResourceBuilder<AzureLogAnalyticsWorkspaceResource> workspace,
        IResourceBuilder<AzureUserAssignedIdentityResource> identity,
        IResourceBuilder<AzureContainerRegistryResource>? registry)
    {
        // It has a public endpoint, so that images can be pushed from outside of the network; nothing is pushed or pulled without an identity.
        registry ??= builder.AddAzureContainerRegistry("registry").PublishAsExistingOr(settings.Existing.ContainerRegistry, infrastructure =>
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
                var isInternal = settings.Server.Ingress is IngressMode.Internal;
                managed.VnetConfiguration.IsInternal = isInternal;
                managed.PublicNetworkAccess = isInternal ? ContainerAppPublicNetworkAccess.Disabled : ContainerAppPublicNetworkAccess.Enabled;
                managed.IsZoneRedundant = settings.Sizes.ZoneRedundancy;
                // By the diagnostic settings of logs.bicep, which need no key of the workspace.
                managed.AppLogsConfiguration = new() { Destination = "azure-monitor" };
                if (settings.Server.Certificate is CertificateSource.Vault)
                {
                    // The environment reads the certificate of its apps.
                    managed.Identity = new() { ManagedServiceIdentityType = ManagedServiceIdentityType.UserAssigned };
                    var identityId = BicepFunction.Interpolate($"{identity.Resource.Id.AsProvisioningParameter(infrastructure)}");
                    managed.Identity.UserAssignedIdentities[identityId.Compile().ToString()] = new UserAssignedIdentityDetails();
                }

                infrastructure.Add(new ProvisioningOutput(StaticAddressOutput, typeof(string)) { Value = managed.StaticIP });
            });

        if (settings.Server.Ingress is IngressMode.Internal)
        {
            builder.AddDefaultDomain(environment, network);
        }

        return environment;
    }

    /// <summary>The address of the server, which is known before the server is deployed.</summary>
    public static BicepOutputReference AddTrackingUri(
        this IResourceBuilder<AzureContainerAppEnvironmentResource> environment, IResourceBuilder<MlflowServerResource> mlflow, MlflowSettings settings)
    {
        environment.ConfigureInfrastructure(infrastructure =>
        {
            var domain = infrastructure.GetProvisionableResources().OfType<ContainerAppManagedEnvironment>().Single().DefaultDomain;
            var app = ContainerAppName.Of(mlflow.Resource);
            infrastructure.Add(new ProvisioningOutput(TrackingUriOutput, typeof(string))
            {
                Value = settings.Server switch
                {
                    { CustomDomain: { } own } => $"https://{own}",
                    { Ingress: IngressMode.Environment } => BicepFunction.Interpolate($"https://{app}.internal.{domain}"),
                    _ => BicepFunction.Interpolate($"https://{app}.{domain}"),
                },
            });
        });

        // azd hands its hooks the outputs that a value of the manifest refers to.
        var uri = new BicepOutputReference(TrackingUriOutput, environment.Resource);
        environment.ApplicationBuilder.AddConnectionString("tracking-uri", ReferenceExpression.Create($"{uri}"));
        return uri;
    }

    /// <summary>Azure publishes no names of an internal environment: a private zone resolves them in the network.</summary>
    private static void AddDefaultDomain(
        this IDistributedApplicationBuilder builder, IResourceBuilder<AzureContainerAppEnvironmentResource> environment, MlflowPrivateNetwork network) =>
        network.LinkInTurn(builder.AddAzureInfrastructure("environment-dns", infrastructure =>
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
        }));
}

using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Network;
using Azure.Provisioning.PrivateDns;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Registers private endpoints in DNS zones that exist, often in a subscription of their own.</summary>
internal static class ExistingDnsZones
{
    /// <summary>Registers the endpoint of a module.</summary>
    /// <param name="infrastructure">The module, as it is for zones of the deployment.</param>
    /// <param name="target">What the endpoint leads to.</param>
    /// <param name="group">The resource group of the zones, after its subscription and a slash where that is another one.</param>
    public static void Register(AzureResourceInfrastructure infrastructure, IAzurePrivateEndpointTarget target, string group)
    {
        foreach (var zone in infrastructure.GetProvisionableResources().OfType<PrivateDnsZone>().ToList())
        {
            var name = $"{zone.BicepIdentifier}_outputs_name";
            infrastructure.Remove(zone);
            infrastructure.Remove(infrastructure.GetProvisionableResources()
                .OfType<ProvisioningParameter>().Single(parameter => parameter.BicepIdentifier == name));
            infrastructure.AspireResource.Parameters.Remove(name);
        }

        var configs = infrastructure.GetProvisionableResources().OfType<PrivateDnsZoneGroup>().Single().PrivateDnsZoneConfigs;
        foreach (var (config, name) in configs.Zip(target.GetPrivateDnsZoneNames()))
        {
            config.Value!.PrivateDnsZoneId = new FunctionCallExpression(
                new IdentifierExpression("resourceId"),
                [
                    .. group.Split('/').Select(part => new StringLiteralExpression(part)),
                    new StringLiteralExpression("Microsoft.Network/privateDnsZones"),
                    CloudNames.Zone(name).Compile(),
                ]);
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning.AppContainers;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Serves the published server under a domain of its own as well (guide row G17). It has no effect in a local run.</summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="domain">The domain, such as <c>mlflow.example.com</c>.</param>
    /// <param name="certificateName">The name of the managed certificate, which Azure issues once the domain is verified: empty at the first deployment.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithCustomDomain(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<ParameterResource> domain, IResourceBuilder<ParameterResource> certificateName)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(certificateName);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        builder.Resource.CustomDomain = domain.Resource;
        return builder.PublishAsAzureContainerApp((_, app) => app.ConfigureCustomDomain(domain, certificateName));
    }

    /// <summary>Lets only these addresses reach the published server (guide row G10), any other is answered with 403. It has no effect in a local run.</summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="ranges">IPv4 ranges in CIDR notation. Those of the environment's own subnet belong to them where apps or jobs in it use the server.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A range is not of IPv4.</exception>
    public static IResourceBuilder<MlflowServerResource> WithAllowedAddresses(this IResourceBuilder<MlflowServerResource> builder, params IPNetwork[] ranges)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(ranges);
        foreach (var range in ranges.Where(range => range.BaseAddress.AddressFamily is not AddressFamily.InterNetwork))
        {
            throw new ArgumentException($"'{range}' is not an IPv4 range; the ingress of Container Apps restricts addresses of IPv4 alone.", nameof(ranges));
        }

        return builder.PublishAsAzureContainerApp((_, app) =>
        {
            foreach (var (index, range) in ranges.Index())
            {
                app.Configuration.Ingress.IPSecurityRestrictions.Add(new ContainerAppIPSecurityRestrictionRule
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"allowed-{index + 1}"),
                    IPAddressRange = range.ToString(),
                    Action = ContainerAppIPRuleAction.Allow,
                });
            }
        });
    }
}

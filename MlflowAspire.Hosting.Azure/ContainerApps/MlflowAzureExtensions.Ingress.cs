using System.Globalization;
using System.Net;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning.AppContainers;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Serves the published server under a domain of its own as well. Azure issues and renews the certificate, once the domain's DNS records lead to the
    /// server, and binds it by itself. It has no effect in a local run.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="domain">The domain, such as <c>mlflow.example.com</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">It is not the name of a domain.</exception>
    public static IResourceBuilder<MlflowServerResource> WithCustomDomain(this IResourceBuilder<MlflowServerResource> builder, string domain)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(domain);
        return builder.WithCustomDomain(new CustomDomainAnnotation(domain, Certificate: null));
    }

    /// <summary>
    /// Serves the published server under a domain of its own as well, with a certificate of your own: where Azure issues none, as the addresses are restricted
    /// or the environment is internal. It has no effect in a local run.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="domain">The domain, such as <c>mlflow.example.com</c>.</param>
    /// <param name="certificate">
    /// The certificate in a key vault. The identity of the server reads it: it must be one of the environment's identities as well.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">It is not the name of a domain.</exception>
    public static IResourceBuilder<MlflowServerResource> WithCustomDomain(
        this IResourceBuilder<MlflowServerResource> builder, string domain, IAzureKeyVaultSecretReference certificate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(certificate);
        return builder.WithCustomDomain(new CustomDomainAnnotation(domain, certificate));
    }

    private static IResourceBuilder<MlflowServerResource> WithCustomDomain(this IResourceBuilder<MlflowServerResource> builder, CustomDomainAnnotation domain)
    {
        IngressRules.CustomDomain.Require(domain.Name, nameof(domain));
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var server = builder.Resource;
        server.CustomDomain = domain.Name;
        builder.ApplicationBuilder.OnBeforeStart((_, _) =>
            domain.Certificate is not null || IngressRules.CanHaveManagedCertificate(isInternal: false, server.RestrictsAddresses)
                ? Task.CompletedTask
                : throw new DistributedApplicationException(
                    $"MLflow server '{server.Name}' has the domain {domain.Name} and restricts addresses: Azure neither issues nor renews a certificate then. "
                    + "Give WithCustomDomain a certificate in a key vault."));
        return builder.PublishAsAzureContainerApp((infrastructure, app) => CustomDomain.Bind(infrastructure, app, server, domain));
    }

    /// <summary>
    /// Lets only these addresses reach the published server, beside those of other calls; any other is answered with 403. It has no effect in a local run.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="ranges">IPv4 ranges in CIDR notation. Those of the environment's own subnet belong to them where apps or jobs in it use the server.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A range is not of IPv4.</exception>
    public static IResourceBuilder<MlflowServerResource> WithIPRestrictions(
        this IResourceBuilder<MlflowServerResource> builder, params IPNetwork[] ranges)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(ranges);
        foreach (var range in ranges)
        {
            IngressRules.IPRestriction.Require(range, nameof(ranges));
        }

        builder.Resource.RestrictsAddresses |= ranges.Length > 0;
        return builder.PublishAsAzureContainerApp((_, app) =>
        {
            var rules = app.Configuration.Ingress.IPSecurityRestrictions;
            foreach (var range in ranges)
            {
                rules.Add(new ContainerAppIPSecurityRestrictionRule
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"allowed-{rules.Count + 1}"),
                    IPAddressRange = range.ToString(),
                    Action = ContainerAppIPRuleAction.Allow,
                });
            }
        });
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Azure.AppContainers;
using Azure.Core;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The domain of a container app, and the certificate for it in the environment.</summary>
internal static class CustomDomain
{
    public static void Bind(AzureResourceInfrastructure infrastructure, ContainerApp app, MlflowServerResource server, CustomDomainAnnotation domain)
    {
        var environment = (ContainerAppManagedEnvironment)((AzureContainerAppEnvironmentResource)server.GetDeploymentTargetAnnotation()!.ComputeEnvironment!)
            .AddAsExistingResource(infrastructure);
        var name = domain.Name.Replace('.', '-');
        if (domain.Certificate is { } secret)
        {
            var certificate = new ContainerAppManagedEnvironmentCertificate("certificate")
            {
                Parent = environment,
                Name = name,
                Properties = new()
                {
                    CertificateKeyVaultProperties = new()
                    {
                        Identity = server.Annotations.OfType<AppIdentityAnnotation>().Last().IdentityResource.Id.AsProvisioningParameter(infrastructure),
                        KeyVaultUri = secret.AsKeyVaultSecret(infrastructure).Properties.SecretUri,
                    },
                },
            };
            infrastructure.Add(certificate);
            app.Configuration.Ingress.CustomDomains.Add(new ContainerAppCustomDomain
            {
                Name = domain.Name,
                BindingType = ContainerAppCustomDomainBindingType.SniEnabled,
                CertificateId = certificate.Id,
            });
        }
        else
        {
            // Azure issues no certificate for a domain that no app of the environment has, and binds it by itself once it is there.
            app.Configuration.Ingress.CustomDomains.Add(
                new ContainerAppCustomDomain { Name = domain.Name, BindingType = ContainerAppCustomDomainBindingType.Auto });
            infrastructure.Add(new ContainerAppManagedCertificate("certificate")
            {
                Parent = environment,
                Name = name,
                Properties = new() { SubjectName = domain.Name, DomainControlValidation = ManagedCertificateDomainControlValidation.Cname },
                DependsOn = { app },
            });
        }
    }
}

using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The built-in authentication of a container app with Microsoft Entra.</summary>
internal static class EntraAuthConfig
{
    /// <summary>The variable that makes the client secret a secret of the app; the container itself does not need it.</summary>
    public const string SecretVariable = "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET";

    // Azure knows one configuration, of this name.
    private const string Name = "current";

    /// <summary>
    /// The authentication switched off, unless the app has it: a deployment leaves what it does not name, so that a server which had this sign-in once would
    /// keep it, without its secret.
    /// </summary>
    public static void SwitchOffUnlessUsed(Infrastructure infrastructure, ContainerApp app)
    {
        if (!infrastructure.GetProvisionableResources().OfType<ContainerAppAuthConfig>().Any())
        {
            infrastructure.Add(new ContainerAppAuthConfig($"{app.BicepIdentifier}_auth") { Parent = app, Name = Name, Platform = new() { IsEnabled = false } });
        }
    }

    /// <summary>Puts the authentication in front of the app.</summary>
    public static void SwitchOn(Infrastructure infrastructure, ContainerApp app, string tenantId, string clientId)
    {
        foreach (var config in infrastructure.GetProvisionableResources().OfType<ContainerAppAuthConfig>().ToList())
        {
            infrastructure.Remove(config);
        }

        infrastructure.Add(Create(app, tenantId, clientId));
    }

    private static ContainerAppAuthConfig Create(ContainerApp app, string tenantId, string clientId)
    {
        var variables = app.Template.Containers[0].Value!.Env;
        var variable = variables.Single(variable => variable.Value!.Name.Value == SecretVariable);
        variables.Remove(variable);

        return new($"{app.BicepIdentifier}_auth")
        {
            Parent = app,
            Name = Name,
            Platform = new() { IsEnabled = true },
            GlobalValidation = new()
            {
                UnauthenticatedClientAction = ContainerAppUnauthenticatedClientActionV2.RedirectToLoginPage,
                RedirectToProvider = "azureactivedirectory",
                ExcludedPaths = ["/health"],
            },
            HttpSettings = new() { RequireHttps = true },
            // The addresses of MLflow's pages are fragments, which a login would lose.
            Login = new() { PreserveUrlFragmentsForLogins = true },
            IdentityProviders = new()
            {
                AzureActiveDirectory = new()
                {
                    IsEnabled = true,
                    Registration = new()
                    {
                        OpenIdIssuer = BicepFunction.Interpolate($"{CloudNames.LoginEndpoint}{tenantId}/v2.0"),
                        ClientId = clientId,
                        ClientSecretSettingName = variable.Value!.SecretRef,
                    },
                    Validation = new() { AllowedAudiences = [clientId, $"api://{clientId}"] },
                },
            },
        };
    }
}

using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Puts the built-in authentication of Container Apps in front of the published server: people log in with Microsoft Entra, machines send a
    /// token for the app registration, and MLflow sees no request of anyone else but those for <c>/health</c>. It has no effect in a local run.
    /// </summary>
    /// <remarks>
    /// MLflow itself knows no users then: everyone who is let in may do everything. Who that is, is set by the assignments of the app registration:
    /// see <c>docs/sign-in.md</c> for its steps.
    /// </remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="tenantId">The id of the tenant, a GUID.</param>
    /// <param name="clientId">The application id of the app registration.</param>
    /// <param name="clientSecret">A client secret of the app registration.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The client secret is not a secret.</exception>
    /// <exception cref="InvalidOperationException">The server has a sign-in already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithContainerAppsAuthentication(
        this IResourceBuilder<MlflowServerResource> builder,
        string tenantId,
        string clientId,
        IResourceBuilder<ParameterResource> clientSecret)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(tenantId);
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        ArgumentNullException.ThrowIfNull(clientSecret);
        clientSecret.RequireSecret("the secret of the app registration", nameof(clientSecret));

        const string name = "sign-in with Microsoft Entra";
        builder.Resource.RequireNoSignIn(name);
        builder.Resource.SignIn = new(name);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        return builder
            .WithServerSecret(EntraAuthConfig.SecretVariable, clientSecret)
            .PublishAsAzureContainerApp((infrastructure, app) => EntraAuthConfig.SwitchOn(infrastructure, app, tenantId, clientId));
    }
}

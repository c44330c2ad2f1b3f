using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>What the apps of a server have in common: its replicas, the size, the probes and the migration before them.</summary>
internal static class ContainerAppTemplates
{
    public static void Configure(IResourceBuilder<MlflowServerResource> mlflow, ContainerApp app, MlflowServerSize size, int replicas)
    {
        PullIdentity.KeepFromContainers(app.Configuration.Registries, app.Configuration.IdentitySettings);
        app.Template.Scale.MinReplicas = replicas;
        app.Template.Scale.MaxReplicas = replicas;

        var container = app.Template.Containers[0].Value!;
        SignInOfCloud(container);
        container.Resources = size.ToContainerResources();
        MlflowProbes.AddTo(container);
        app.Template.InitContainers.Add(MigrationContainer.Create(container, mlflow.Resource.Migration, mlflow.ApplicationBuilder.ExecutionContext));
    }

    /// <summary>The core has the addresses of Microsoft Entra in the public cloud.</summary>
    private static void SignInOfCloud(ContainerAppContainer container)
    {
        const string publicEndpoint = "https://login.microsoftonline.com/";
        foreach (var variable in container.Env.Select(variable => variable.Value!))
        {
            if (variable.Value.Value is { } value && value.StartsWith(publicEndpoint, StringComparison.Ordinal))
            {
                variable.Value = BicepFunction.Interpolate($"{CloudNames.LoginEndpoint}{value[publicEndpoint.Length..]}");
            }
        }
    }
}

using Azure.Provisioning;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The identity that pulls the image.</summary>
internal static class PullIdentity
{
    /// <summary>What runs in the containers gets no token of it.</summary>
    public static void KeepFromContainers(BicepList<ContainerAppRegistryCredentials> registries, BicepList<ContainerAppIdentitySettings> settings)
    {
        foreach (var registry in registries)
        {
            settings.Add(
                new ContainerAppIdentitySettings { Identity = registry.Value!.Identity.Compile(), Lifecycle = ContainerAppIdentitySettingsLifeCycle.None });
        }
    }
}

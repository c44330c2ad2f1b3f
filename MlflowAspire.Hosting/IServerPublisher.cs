using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>What a package does with each server of an app host that publishes, so that the package need not be called.</summary>
internal interface IServerPublisher
{
    /// <summary>Is called when a server is added.</summary>
    void Add(IResourceBuilder<MlflowServerResource> server);

    /// <summary>That of Container Apps, where its package is referenced; null without it.</summary>
    public static IServerPublisher? ContainerApps { get; } =
        Type.GetType("MlflowAspire.Hosting.Azure.ContainerAppPublisher, MlflowAspire.Hosting.Azure") is { } type
            ? (IServerPublisher)Activator.CreateInstance(type)!
            : null;
}

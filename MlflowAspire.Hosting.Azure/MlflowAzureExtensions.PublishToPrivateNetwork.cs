using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Publishes the server to Azure, with all that it needs, in one virtual network: a Container Apps environment with its registry, the server with its
    /// migration and its garbage collection, a key vault for its secrets, PostgreSQL and blobs behind private endpoints, logs with alerts and a workbook. With
    /// another artifact store there is no storage account. It has no effect in a local run.
    /// </summary>
    /// <remarks>
    /// It adds the resources <c>workspace</c>, <c>vault</c>, <c>registry</c>, <c>environment</c>, <c>monitoring</c> and the identity of the server, and the
    /// parameter <c>alert-email</c>, the address that alerts are sent to.
    /// </remarks>
    /// <param name="builder">The MLflow server, with its stores and its sign-in.</param>
    /// <param name="settings">
    /// Sizes, network, database, storage, ingress and operation; those of a production deployment by default. What a server has everywhere, such as workers,
    /// jobs and the sign-in, comes from <see cref="WithSettings"/> or methods of its own. What a method says of replicas, garbage collection, operators or
    /// their jobs goes before the settings, whichever is called first.
    /// </param>
    /// <param name="network">The network, made by <see cref="AddMlflowPrivateNetwork"/>; one of its own by default.</param>
    /// <param name="resources">A key vault, a registry or a workspace to use in place of new ones.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="SettingsException">Settings do not fit each other.</exception>
    /// <exception cref="InvalidOperationException">
    /// The backend store is no database of a flexible server, there is no artifact store yet, or a server of the app host is published to a private network
    /// already.
    /// </exception>
    public static IResourceBuilder<MlflowServerResource> PublishToPrivateNetwork(
        this IResourceBuilder<MlflowServerResource> builder,
        MlflowSettings? settings = null,
        MlflowPrivateNetwork? network = null,
        DeploymentResources? resources = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var application = builder.ApplicationBuilder;
        if (!application.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        if (application.Resources.FirstOrDefault(resource => resource.HasAnnotationOfType<PrivateNetworkAnnotation>()) is { } other)
        {
            throw new InvalidOperationException(
                "PublishToPrivateNetwork publishes one server of an app host, with a network, a vault and an environment of its own; "
                + $"'{other.Name}' is that one. "
                + "Call AddAzureContainerAppEnvironment for several servers, which each are complete in it.");
        }

        settings ??= new();
        settings.CheckFor(builder.Resource);
        if (builder.Resource.BackendStore is not AzurePostgresFlexibleServerDatabaseResource { Parent: var server })
        {
            throw new InvalidOperationException(
                $"MLflow server '{builder.Resource.Name}' is published to a private network with a database of an Azure flexible server. "
                + "Call WithBackendStore with one before PublishToPrivateNetwork; with another one, call AddAzureContainerAppEnvironment instead.");
        }

        if (builder.Resource.ArtifactStoreName is null)
        {
            throw new InvalidOperationException(
                $"MLflow server '{builder.Resource.Name}' has no artifact store yet, for which a private network has rules. "
                + "Call WithArtifactStore, or the method of another store, before PublishToPrivateNetwork.");
        }

        if (builder.Resource.SignIn is null)
        {
            // The settings have been asked whether that is meant: it may be that nobody outside reaches the server.
            builder.WithAnonymousAccess();
        }

        builder.WithAnnotation(new PrivateNetworkAnnotation());
        // Methods that are called later say how many workers and replicas there are.
        application.OnBeforeStart((_, _) =>
        {
            DatabaseConnections.Check(builder.Resource, settings.Sizes.DatabaseSku);
            return Task.CompletedTask;
        });
        network ??= application.AddMlflowPrivateNetwork(settings.Network);
        var workspace = resources?.LogAnalyticsWorkspace ?? application.AddMlflowWorkspace(settings);
        var vault = resources?.KeyVault ?? application.AddMlflowVault(settings);
        network.AddPrivateEndpoint(network.PrivateEndpoints, vault);
        var identity = application.AddAzureUserAssignedIdentity($"{builder.Resource.Name}-identity");
        var environment = application.AddMlflowEnvironment(settings, network, workspace, identity, resources?.ContainerRegistry);

        var postgres = application.CreateResourceBuilder(server);
        postgres.PublishInNetwork(network, vault, settings);
        IResourceBuilder<AzureStorageResource>? storage = null;
        if (builder.Resource.ArtifactStore is AzureBlobStorageContainerResource container)
        {
            var artifacts = application.CreateResourceBuilder(container);
            artifacts.PublishInNetwork(network, settings);
            builder.WithBackupContainer(artifacts.AddBackups($"{builder.Resource.Name}-backups", settings.Backups.RetentionDays));
            if (settings.Storage.Authentication is StorageAuthentication.AccessKey)
            {
                builder.WithArtifactStoreKey(artifacts.KeepAccessKey(vault, settings.Storage.AccessKey));
            }

            storage = application.CreateResourceBuilder(container.Parent.Parent);
        }

        workspace.LetOperatorsRead(builder.Resource);
        builder.PublishServer(settings, vault, identity);
        application.AddMlflowMonitoring(settings, workspace, builder, environment, postgres, vault, storage);
        // The next deployment is refused when it asks for what cannot be changed in this one.
        application.KeepDeployedSettings(settings);
        return builder;
    }
}

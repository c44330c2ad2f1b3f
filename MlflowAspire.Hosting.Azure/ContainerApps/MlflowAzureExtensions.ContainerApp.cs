using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

/// <summary>Publishes MLflow servers to Azure and keeps what they know there.</summary>
public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Publishes the server as a container app: one revision at a time, which an init container prepares the database for;
    /// probes, of which readiness sees the database; a fixed number of replicas; HTTPS only. Other apps of the environment alone reach it, unless
    /// <c>WithExternalHttpEndpoints</c> lets everyone in. It has no effect in a local run.
    /// </summary>
    /// <remarks>
    /// Server, migration and garbage collection share the identity, since a table of PostgreSQL belongs to the identity that made it. The identity gets what it
    /// needs and no more: it administers the flexible server, and it may read and write blobs of the container.
    /// </remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="identity">The identity that signs in to the stores and to the key vault.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> PublishAsContainerApp(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureUserAssignedIdentityResource> identity)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(identity);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var server = builder.Resource;
        var application = builder.ApplicationBuilder;
        server.HasMigrationStep = true;
        application.OnBeforeStart((_, _) => server.RefuseVolume());
        application.OnBeforeStart((_, _) => ContainerSize.Require(server));
        builder
            .WithAzureUserAssignedIdentity(identity)
            .WithStoreRoles()
            .WithEnvironment("MLFLOW_READINESS_PORT", MlflowProbes.ReadinessPort.ToString(CultureInfo.InvariantCulture))
            .PublishAsAzureContainerApp((infrastructure, app) =>
            {
                app.Configuration.Ingress.AllowInsecure = false;
                builder.Configure(app, server.Size, server.Replicas);
                EntraAuthConfig.SwitchOffUnlessUsed(infrastructure, app);
                infrastructure.Add(new ProvisioningOutput("MLFLOW_TRACKING_URI", typeof(string)) { Value = BicepFunction.Interpolate($"https://{app.Configuration.Ingress.Fqdn}") });
            });

        if (application.Resources.Contains(server.GarbageCollection))
        {
            application.CreateResourceBuilder(server.GarbageCollection).WithAzureUserAssignedIdentity(identity);
        }

        return builder.WithPeriodicTasksApp(identity);
    }

    /// <summary>
    /// Removes deleted runs and experiments for good on a schedule: a job of Container Apps with the server's image and identity.
    /// It has no effect in a local run, where the dashboard has a command for it.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="schedule">When it runs: a cron expression with five fields, in UTC.</param>
    /// <param name="olderThan">How long ago something was deleted before it is removed, such as <c>30d</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="DistributedApplicationException">When publishing: the server is not published as a container app.</exception>
    public static IResourceBuilder<MlflowServerResource> WithGarbageCollection(this IResourceBuilder<MlflowServerResource> builder, string schedule, string olderThan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(schedule);
        ArgumentException.ThrowIfNullOrEmpty(olderThan);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var server = builder.Resource;
        builder.ApplicationBuilder.OnBeforeStart((_, _) => server.HasAnnotationOfType<AppIdentityAnnotation>()
            ? Task.CompletedTask
            : throw new DistributedApplicationException($"MLflow server '{server.Name}' has a garbage collection and is not published as a container app. Call PublishAsContainerApp."));
        var collection = builder.ApplicationBuilder.AddGarbageCollection(builder);
        if (server.TryGetLastAnnotation<AppIdentityAnnotation>(out var identity))
        {
            collection.WithAnnotation(identity);
        }

        collection
            .WithArgs("--older-than", olderThan)
            .PublishAsAzureContainerAppJob((_, job) =>
            {
                PullIdentity.KeepFromContainers(job.Configuration.Registries, job.Configuration.IdentitySettings);
                job.Configuration.TriggerType = ContainerAppJobTriggerType.Schedule;
                job.Configuration.ScheduleTriggerConfig = new()
                {
                    CronExpression = schedule,
                    Parallelism = 1,
                    ReplicaCompletionCount = 1,
                };
                job.Configuration.ReplicaTimeout = (int)TimeSpan.FromHours(2).TotalSeconds;
                // What is left after a failure is removed the next time.
                job.Configuration.ReplicaRetryLimit = 0;
                job.Template.Containers[0].Value!.Resources = MlflowServerSize.Task.ToContainerResources();
            });
        return builder;
    }

    private static Task RefuseVolume(this MlflowServerResource server) => server.Annotations.OfType<ContainerMountAnnotation>().Any(mount => mount.Target == MlflowBuilderExtensions.VolumeMountPath)
        ? throw new DistributedApplicationException(
            $"MLflow server '{server.Name}' keeps artifacts in a volume, which in Container Apps is a share. Give WithVolumeArtifactStore one, made by AddAzureNfsShare.")
        : Task.CompletedTask;

    /// <summary>
    /// The roles of the identity on the stores, once both are known, whichever comes first. They are named on the server alone: a second resource with the same
    /// identity would make each role assignment again.
    /// </summary>
    private static IResourceBuilder<MlflowServerResource> WithStoreRoles(this IResourceBuilder<MlflowServerResource> builder)
    {
        var server = builder.Resource;
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode || !server.TryGetLastAnnotation<AppIdentityAnnotation>(out var app))
        {
            return builder;
        }

        var identity = (AzureUserAssignedIdentityResource)app.IdentityResource;
        var roles = server.Annotations.OfType<StoreRolesAnnotation>().ToList();
        if (server.BackendStore is AzurePostgresFlexibleServerDatabaseResource { Parent: var postgres } && roles.TrueForAll(role => role.Store != postgres))
        {
            builder.WithAnnotation(new StoreRolesAnnotation(postgres));
            PostgresOperations.Sequence(builder.ApplicationBuilder.CreateResourceBuilder(postgres).ClearDefaultRoleAssignments(), identity);
        }

        if (server.ArtifactStore is AzureBlobStorageContainerResource container && roles.TrueForAll(role => role.Store != container))
        {
            builder.WithAnnotation(new StoreRolesAnnotation(container));
            builder.ApplicationBuilder.CreateResourceBuilder(container.Parent.Parent).ClearDefaultRoleAssignments().ConfigureInfrastructure(infrastructure =>
            {
                if (!server.HasAnnotationOfType<ArtifactStoreKeyAnnotation>())
                {
                    ArtifactsRole.Assign(infrastructure, container, identity);
                }
            });
        }

        return builder;
    }

    /// <summary>
    /// Periodic jobs must run on one replica, and all replicas of an app are alike: a second app without ingress, of one replica, runs them where there are
    /// more.
    /// </summary>
    private static IResourceBuilder<MlflowServerResource> WithPeriodicTasksApp(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureUserAssignedIdentityResource> identity)
    {
        const string periodicTasks = "MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS";
        var server = builder.Resource;
        MlflowTaskResource? app = null;
        server.Changed = AddOrRemove;
        AddOrRemove();
        return builder.WithEnvironment(context =>
        {
            if (app is not null)
            {
                context.EnvironmentVariables[periodicTasks] = "false";
            }
        });

        void AddOrRemove()
        {
            var isNeeded = server is { Replicas: > 1, RunsJobs: true };
            if (isNeeded && app is null)
            {
                app = new($"{server.Name}-periodic");
                Add(app);
            }
            else if (!isNeeded && app is not null)
            {
                builder.ApplicationBuilder.Resources.Remove(app);
                app = null;
            }
        }

        void Add(MlflowTaskResource task) => builder.ApplicationBuilder.AddTask(builder, task, "Clock")
            .WithArgs("serve")
            .WithEnvironmentOf(server)
            // Without ingress it has no sign-in in front of it.
            .WithEnvironment(context => context.EnvironmentVariables.Remove(EntraAuthConfig.SecretVariable))
            .WithEnvironment("MLFLOW_WORKERS", "1")
            .WithEnvironment(periodicTasks, "true")
            .WithAzureUserAssignedIdentity(identity)
            .PublishAsAzureContainerApp((infrastructure, published) =>
            {
                if (server.TryGetLastAnnotation<ArtifactShareAnnotation>(out var artifacts))
                {
                    artifacts.Share.MountIn(infrastructure, published.Template.Volumes, published.Template.Containers);
                }

                builder.Configure(published, MlflowServerSize.WithJobs, replicas: 1);
            });
    }

    private static void Configure(this IResourceBuilder<MlflowServerResource> builder, ContainerApp app, MlflowServerSize size, int replicas)
    {
        PullIdentity.KeepFromContainers(app.Configuration.Registries, app.Configuration.IdentitySettings);
        app.Template.Scale.MinReplicas = replicas;
        app.Template.Scale.MaxReplicas = replicas;

        var container = app.Template.Containers[0].Value!;
        container.Resources = size.ToContainerResources();
        MlflowProbes.AddTo(container);
        app.Template.InitContainers.Add(MigrationContainer.Create(container, builder.Resource.Migration, builder.ApplicationBuilder.ExecutionContext));
    }
}

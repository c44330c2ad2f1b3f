using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Resources;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The jobs of operators. The Azure CLI hands a job that it starts no arguments, or replaces image and environment with them: so each operation is a job with
/// arguments of its own. They are part of the server's module, so that they always run its image.
/// </summary>
internal static class PublishedOperations
{
    private const string AdminUser = "MLFLOW_AUTH_ADMIN_USERNAME";
    private const string AdminPassword = "MLFLOW_AUTH_ADMIN_PASSWORD";

    /// <summary>The name of an operation, which is the command of the image too: <c>reset-admin</c>.</summary>
    public static string NameOf(OperationJob job) => ChoiceName.Of(job);

    /// <summary>The name of the job of an operation.</summary>
    public static string NameOf(OperationJob job, MlflowServerResource server) => ContainerAppName.Of($"{server.Name}-{NameOf(job)}");

    /// <summary>What a server lacks for an operation, in words; null when it has all.</summary>
    public static string? LackOf(OperationJob job, MlflowServerResource server) =>
        LackOf(job, server.SignInDatabase is not null, server.SignIn?.Credentials is not null)
            ?? job switch
            {
                OperationJob.Backup or OperationJob.Restore when !server.HasAnnotationOfType<BackupContainerAnnotation>() =>
                    "a blob container for backups (WithBackupContainer)",
                OperationJob.Import when !server.HasAnnotationOfType<ImportSourceAnnotation>() => "a server to import from (WithImportSource)",
                _ => null,
            };

    /// <summary>What a sign-in lacks for an operation, in words; null when it has all.</summary>
    public static string? LackOf(OperationJob job, bool hasUsers, bool hasPasswords) => job switch
    {
        OperationJob.Users when !hasUsers => "users, as basic authentication and OpenID Connect have them",
        OperationJob.ResetAdmin when !hasPasswords => "basic authentication",
        _ => null,
    };

    /// <summary>Refuses jobs that the server has no use for.</summary>
    /// <exception cref="DistributedApplicationException">There is such a job.</exception>
    public static void Require(MlflowServerResource server)
    {
        foreach (var job in server.Annotations.OfType<OperationJobsAnnotation>().LastOrDefault()?.Jobs ?? [])
        {
            if (LackOf(job, server) is { } lack)
            {
                throw new DistributedApplicationException(
                    $"MLflow server '{server.Name}' has the operation job '{NameOf(job)}' and not what it needs: {lack}.");
            }
        }
    }

    /// <summary>Adds the jobs to the module of the server.</summary>
    public static void AddTo(AzureResourceInfrastructure infrastructure, IResourceBuilder<MlflowServerResource> mlflow, ContainerApp app)
    {
        var server = mlflow.Resource;
        if (!server.TryGetLastAnnotation<OperationJobsAnnotation>(out var jobs))
        {
            return;
        }

        foreach (var operation in jobs.Of(server))
        {
            var schedule = operation is OperationJob.Backup ? jobs.BackupSchedule : null;
            var job = Create(operation, app, mlflow, schedule);
            if (operation is OperationJob.Import && server.TryGetLastAnnotation<ImportSourceAnnotation>(out var source))
            {
                AddSource(job, source, server, infrastructure);
            }

            if (UsesStores(operation) && server.TryGetLastAnnotation<ArtifactShareAnnotation>(out var artifacts))
            {
                artifacts.Share.MountIn(infrastructure, job.Template.Volumes, job.Template.Containers);
            }

            infrastructure.Add(job);
            OperatorRoles.Assign(infrastructure, server, job, job.Id, OperatorRoles.JobsOperator);
        }
    }

    private static ContainerAppJob Create(OperationJob operation, ContainerApp app, IResourceBuilder<MlflowServerResource> mlflow, string? schedule)
    {
        var name = NameOf(operation, mlflow.Resource);
        var server = app.Template.Containers[0].Value!;
        var container = new ContainerAppContainer
        {
            Name = name,
            Image = server.Image,
            Args = [NameOf(operation)],
            Env = [.. ServerEnvironment.Of(server, NamesOf(operation, mlflow))],
            Resources = (operation is OperationJob.Import ? MlflowServerSize.Import : MlflowServerSize.Task).ToContainerResources(),
        };
        var job = new ContainerAppJob(Infrastructure.NormalizeBicepIdentifier(name))
        {
            Name = name,
            EnvironmentId = app.EnvironmentId.Compile(),
            Configuration = new()
            {
                ReplicaTimeout = (int)(TakesAsLongAsThereIsData(operation) ? TimeSpan.FromHours(12) : TimeSpan.FromMinutes(10)).TotalSeconds,
                // Whoever has started it reads why it failed.
                ReplicaRetryLimit = 0,
                Registries = [.. app.Configuration.Registries.Select(registry => new ContainerAppRegistryCredentials
                {
                    Server = registry.Value!.Server,
                    Identity = registry.Value.Identity,
                })],
            },
            Template = new() { Containers = [container] },
        };
        if (SecretsOf(app, container) is { Count: > 0 } secrets)
        {
            job.Configuration.Secrets = secrets;
        }

        if (schedule is null)
        {
            job.Configuration.TriggerType = ContainerAppJobTriggerType.Manual;
            job.Configuration.ManualTriggerConfig = new() { Parallelism = 1, ReplicaCompletionCount = 1 };
        }
        else
        {
            job.Configuration.TriggerType = ContainerAppJobTriggerType.Schedule;
            job.Configuration.ScheduleTriggerConfig = new() { CronExpression = schedule, Parallelism = 1, ReplicaCompletionCount = 1 };
        }

        PullIdentity.KeepFromContainers(job.Configuration.Registries, job.Configuration.IdentitySettings);
        if (app.Identity.UserAssignedIdentities.Count > 0)
        {
            job.Identity.ManagedServiceIdentityType = ManagedServiceIdentityType.UserAssigned;
            foreach (var identity in app.Identity.UserAssignedIdentities.Keys)
            {
                job.Identity.UserAssignedIdentities[identity] = new UserAssignedIdentityDetails();
            }
        }

        return job;
    }

    /// <summary>What the job has of its own: the other server's address and credentials, which the server never gets.</summary>
    private static void AddSource(
        ContainerAppJob job, ImportSourceAnnotation source, MlflowServerResource server, AzureResourceInfrastructure infrastructure)
    {
        var environment = job.Template.Containers[0].Value!.Env;
        foreach (var (variable, value) in source.Settings)
        {
            environment.Add(new ContainerAppEnvironmentVariable { Name = variable, Value = value });
        }

        foreach (var (variable, parameter) in source.Secrets)
        {
            var secret = new ContainerAppWritableSecret { Name = variable.ToLowerInvariant().Replace('_', '-') };
            if (server.Secrets.ValueOf(parameter) is IAzureKeyVaultSecretReference reference)
            {
                secret.KeyVaultUri = reference.AsKeyVaultSecret(infrastructure).Properties.SecretUri;
                secret.Identity = server.Annotations.OfType<AppIdentityAnnotation>().Last().IdentityResource.Id.AsProvisioningParameter(infrastructure);
            }
            else
            {
                secret.Value = ((IManifestExpressionProvider)parameter).AsProvisioningParameter(infrastructure, isSecure: true);
            }

            job.Configuration.Secrets.Add(secret);
            environment.Add(new ContainerAppEnvironmentVariable { Name = variable, SecretRef = secret.Name });
        }
    }

    private static bool TakesAsLongAsThereIsData(OperationJob job) => job is OperationJob.Backup or OperationJob.Restore or OperationJob.Import;

    private static bool UsesStores(OperationJob job) => job is not (OperationJob.Users or OperationJob.ResetAdmin);

    /// <summary>The variables of the server that an operation uses: no other value and no other secret reaches it.</summary>
    private static HashSet<string> NamesOf(OperationJob job, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var (server, context) = (mlflow.Resource, mlflow.ApplicationBuilder.ExecutionContext);
        HashSet<string> names = [.. ServerEnvironment.NamesOf(server.Migration, context)];
        if (UsesStores(job))
        {
            names.UnionWith(ServerEnvironment.NamesOf(server.GarbageCollection, context));
        }

        if (!UsesStores(job) || job is OperationJob.Import)
        {
            names.Remove(MlflowAzureExtensions.BackupVariable);
        }

        if (job is OperationJob.ResetAdmin)
        {
            names.UnionWith([AdminUser, AdminPassword]);
        }

        return names;
    }

    private static BicepList<ContainerAppWritableSecret> SecretsOf(ContainerApp app, ContainerAppContainer container)
    {
        var used = container.Env.Select(variable => variable.Value!.SecretRef.Value).ToHashSet();
        return
        [
            .. app.Configuration.Secrets.Select(secret => secret.Value!).Where(secret => used.Contains(secret.Name.Value)).Select(secret =>
            {
                var copy = new ContainerAppWritableSecret { Name = secret.Name };
                if (((IBicepValue)secret.KeyVaultUri).Kind is BicepValueKind.Unset)
                {
                    copy.Value = secret.Value;
                }
                else
                {
                    copy.KeyVaultUri = secret.KeyVaultUri;
                    copy.Identity = secret.Identity;
                }

                return copy;
            }),
        ];
    }
}

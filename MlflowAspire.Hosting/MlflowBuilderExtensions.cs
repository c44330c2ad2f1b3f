using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Utils;
using Microsoft.Extensions.DependencyInjection;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

/// <summary>Adds MLflow servers to an app host and configures them.</summary>
public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Adds an MLflow tracking server. It needs a backend store and an artifact store:
    /// see <c>WithBackendStore</c> and <c>WithArtifactStore</c>.
    /// </summary>
    /// <remarks>
    /// The defaults fit 1 core and 2 GiB: one worker and no job runner; usage telemetry is off, and only the names of the server's own endpoints are
    /// accepted as Host header. The container runs without root rights on a read-only file system.
    /// A container <c>{name}-migrate</c> brings the database to the server's schema first; when that fails, the server does not start. Where it is published
    /// into an environment that runs no container before another, the server does so itself (<c>MLFLOW_SERVER_MIGRATE</c>).
    /// </remarks>
    /// <param name="builder">The app host.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">The port on this machine; a free one is chosen when it is not given.</param>
    /// <param name="flaskSecretKey">Signs sessions (<c>MLFLOW_FLASK_SERVER_SECRET_KEY</c>); generated and kept when it is not given.</param>
    /// <param name="kekPassphrase">Encrypts the keys of the AI gateway (<c>MLFLOW_CRYPTO_KEK_PASSPHRASE</c>); generated and kept when it is not given.</param>
    /// <param name="webhookKey">
    /// Encrypts the secrets of webhooks (<c>MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY</c>), 32 characters or more; generated and kept when it is not given.
    /// </param>
    /// <returns>The builder of the server.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The port is not between 0 and 65535.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> AddMlflow(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        int? port = null,
        IResourceBuilder<ParameterResource>? flaskSecretKey = null,
        IResourceBuilder<ParameterResource>? kekPassphrase = null,
        IResourceBuilder<ParameterResource>? webhookKey = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (port is { } number)
        {
            Rules.Port.Require(number, nameof(port));
        }

        flaskSecretKey ??= builder.AddGeneratedSecret($"{name}-flask-secret-key", "Signs the sessions of the MLflow server.");
        kekPassphrase ??= builder.AddGeneratedSecret($"{name}-kek-passphrase", "Encrypts the keys of MLflow's AI gateway.");
        webhookKey ??= builder.AddGeneratedSecret($"{name}-webhook-key", "Encrypts the secrets of MLflow's webhooks.");

        var server = new MlflowServerResource(name)
        {
            Migration = new($"{name}-migrate"),
            GarbageCollection = new($"{name}-gc"),
            DemoData = new($"{name}-demo"),
            Backup = new($"{name}-backup"),
            Restore = new($"{name}-restore"),
            Import = new($"{name}-import"),
            Operation = new($"{name}-operation"),
        };

        var mlflow = builder.AddResource(server)
            .WithMlflowImage(server)
            .WithIconName("BeakerSettings")
            .WithHttpEndpoint(port, MlflowServerResource.TargetPort, MlflowServerResource.PrimaryEndpointName)
            .WithUrlForEndpoint(MlflowServerResource.PrimaryEndpointName, url => url.DisplayText = "MLflow")
            .WithServerHealthCheck()
            .WithRestartAfterFailure()
            .WithContainerRuntimeArgs(server.SetSize)
            .WithEnvironment("MLFLOW_DISABLE_TELEMETRY", "true")
            .WithServerSecret("MLFLOW_FLASK_SERVER_SECRET_KEY", flaskSecretKey, versions => versions.FlaskSecretKey)
            .WithServerSecret("MLFLOW_CRYPTO_KEK_PASSPHRASE", kekPassphrase, versions => versions.KekPassphrase)
            .WithEnvironment(context =>
                context.EnvironmentVariables["MLFLOW_CRYPTO_KEK_VERSION"] = server.SecretVersions.KekPassphrase.ToString(CultureInfo.InvariantCulture))
            .WithServerSecret("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", webhookKey, versions => versions.WebhookKey)
            .WithEnvironment(server.SetAllowedHosts)
            .WithEnvironment(server.SetReplicas)
            .WithEnvironment(server.SetMigration)
            .WithEnvironment(server.SetWorkers)
            .WithJobs(enabled: false);

        builder.AddMigration(mlflow);
        if (builder.ExecutionContext.IsRunMode)
        {
            // Files on their way to stores that take no streams. In /tmp they would count as the server's memory; in Azure /tmp is on disk.
            mlflow.WithVolume(VolumeNameGenerator.Generate(mlflow, "spool"), "/var/spool/mlflow");
            builder.Services.AddHostedService<ServerStop>();
            builder.AddGarbageCollectionCommand(mlflow);
            builder.AddDemoData(mlflow);
            builder.AddBackupCommands(mlflow);
            builder.AddImportCommand(mlflow);
            builder.AddOperationCommands(mlflow);
            mlflow.ReportStart();
        }

        builder.OnBeforeStart((_, _) => server.Validate());
        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.OnBeforeStart((_, _) => server.RefuseOpenServer());
            IServerPublisher.ContainerApps?.Add(mlflow);
        }

        return mlflow;
    }

    private static IResourceBuilder<ParameterResource> AddGeneratedSecret(
        this IDistributedApplicationBuilder builder, string name, string description) => builder
        .AddParameter(name, new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true)
        .WithDescription(description);

    private static Task Validate(this MlflowServerResource server) => server switch
    {
        { Store: null } => throw new DistributedApplicationException(
            $"MLflow server '{server.Name}' has no backend store. Call WithBackendStore with a PostgreSQL database."),
        { ArtifactStoreName: null } => throw new DistributedApplicationException(
            $"MLflow server '{server.Name}' has no artifact store. "
            + "Call WithArtifactStore with a blob container, or the method of another store, such as WithS3ArtifactStore."),
        _ when Rules.LackQueue(server.Replicas, server.RunsJobs, server.HasJobQueue) => throw new DistributedApplicationException(
            $"MLflow server '{server.Name}' has {server.Replicas} replicas that run jobs, each with a queue of its own. "
            + "Call WithJobQueue with the URL of a Redis that they share, or WithJobs(false), or WithReplicas(1)."),
        _ when server.Size.WorkersThatFit(server.RunsJobs) is var fit && server.Workers > fit => throw new DistributedApplicationException(
            FormattableString.Invariant($"MLflow server '{server.Name}' has {server.Workers} workers{(server.RunsJobs ? " and jobs" : "")} ")
            + FormattableString.Invariant($"and {server.Size.MemoryGiB} GiB, which {fit} fit in. Call WithWorkers({Math.Max(fit, 1)}), ")
            + FormattableString.Invariant($"or WithSize with {MlflowServerSize.MemoryFor(server.Workers, server.RunsJobs)} GiB or more.")),
        _ => Task.CompletedTask,
    };
}

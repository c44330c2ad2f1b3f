using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    internal const string BackupVariable = "MLFLOW_BACKUP_DESTINATION";

    /// <summary>
    /// Adds a job of Container Apps for each operation, with the image, the identity and those secrets of the server that the operation uses. Each is named
    /// after the server and started by hand, such as <c>mlflow-check</c> by <c>az containerapp job start</c>. It has no effect in a local run, where the
    /// dashboard has commands.
    /// </summary>
    /// <remarks>Whoever may start a job may also have it run something else, with what the job has. A job that nobody starts costs nothing.</remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="jobs">The operations; all that the server can have when they are not given.</param>
    /// <param name="backupSchedule">When the backup runs by itself: a cron expression with five fields, in UTC; only by hand when it is not given.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The schedule is no cron expression.</exception>
    /// <exception cref="DistributedApplicationException">When publishing: the server lacks what an operation needs.</exception>
    public static IResourceBuilder<MlflowServerResource> WithOperationJobs(
        this IResourceBuilder<MlflowServerResource> builder, IReadOnlyList<OperationJob>? jobs = null, string? backupSchedule = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (backupSchedule is not null)
        {
            CronExpression.Rule.Require(backupSchedule, nameof(backupSchedule));
        }

        return builder.WithAnnotation(new OperationJobsAnnotation(jobs, backupSchedule), ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>
    /// Names the server that the operation job <see cref="OperationJob.Import"/> reads. Only the job gets the credentials, which a key vault keeps where the
    /// server has one. A private network lets the address be called: the internet by HTTPS, an IPv4 address by its port, and a name with another port than 443
    /// wherever it leads; for a name that leads into a private network by HTTPS add a rule (<see cref="MlflowPrivateNetwork.AllowOutbound"/>). It has no effect
    /// in a local run, where the dashboard has a command.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="address">The address (<c>MLFLOW_IMPORT_SOURCE</c>): by https, or by http with an IPv4 address of a private network.</param>
    /// <param name="options">Who signs in there, and what comes.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">
    /// The address is another one, a secret is none, or the options have a token beside a user name, or one of user name and password.
    /// </exception>
    public static IResourceBuilder<MlflowServerResource> WithImportSource(
        this IResourceBuilder<MlflowServerResource> builder, string address, ImportSourceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(address);
        options ??= new();
        ImportRules.Source.Require(address, nameof(address));
        Setting.RequireBothOrNone(options.UserName, nameof(options.UserName), options.Password, nameof(options.Password));
        Setting.RequireSecret(options.Password, nameof(options.Password));
        Setting.RequireSecret(options.Token, nameof(options.Token));
        if (options is { Token: not null, UserName: not null })
        {
            throw new ArgumentException("A token signs in by itself; accepted: a token, or a user name and a password.", nameof(options));
        }

        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var source = new ImportSourceAnnotation(new(address), options);
        foreach (var (_, secret) in source.Secrets)
        {
            builder.Resource.Secrets.Add(secret);
        }

        return builder.WithAnnotation(source, ResourceAnnotationMutationBehavior.Replace);
    }

    /// <summary>
    /// Keeps the backups of a published server in a blob container (<c>MLFLOW_BACKUP_DESTINATION</c>): those of its operation job, and the rows that the
    /// migration saves before it changes a schema that is there. It has no effect in a local run: see <c>WithBackupFolder</c>.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="container">The container; of the account that artifacts are in, where that is one of blobs.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithBackupContainer(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureBlobStorageContainerResource> container)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(container);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var (server, backups) = (builder.Resource, container.Resource);
        var storage = backups.Parent.Parent;
        builder.ApplicationBuilder.CreateResourceBuilder(storage).ConfigureInfrastructure(AddBlobHost);
        builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WithEnvironment(SetPlace);
        return builder
            .WithAnnotation(new BackupContainerAnnotation(backups), ResourceAnnotationMutationBehavior.Replace)
            .WithEnvironment(SetPlace);

        void SetPlace(EnvironmentCallbackContext context) => context.EnvironmentVariables[BackupVariable] =
            ReferenceExpression.Create($"wasbs://{backups.BlobContainerName}@{new BicepOutputReference(BlobHostOutput, storage)}");
    }
}

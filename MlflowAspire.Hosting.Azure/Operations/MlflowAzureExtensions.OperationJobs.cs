using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
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
    /// <param name="backupSchedule">When the backup runs by itself: a cron expression with five fields, in UTC; by hand alone when it is not given.</param>
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

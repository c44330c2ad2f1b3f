using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    private const string ArchiveArgument = "archive";
    private const string ReplaceArgument = "replace";

    /// <summary>
    /// Keeps the archives of a local run in a folder of this machine: those of the commands <c>Back up</c> and <c>Restore</c>, and those that the migration
    /// writes before it changes a database (<c>MLFLOW_BACKUP_DESTINATION</c>). The default is a folder with the name of the server in
    /// <c>backups</c>, in the folder of the app host. An archive holds everything of the server, password hashes too. It has no effect on a published server.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="folder">The folder, also relative to the one of the app host. It is made when it is needed.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithBackupFolder(this IResourceBuilder<MlflowServerResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!builder.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            return builder;
        }

        var server = builder.Resource;
        server.BackupFolder = new(Path.GetFullPath(folder, builder.ApplicationBuilder.AppHostDirectory));
        foreach (var task in new[] { server.Migration, server.Backup, server.Restore, server.Operation })
        {
            var mount = new ContainerMountAnnotation(server.BackupFolder.Path, BackupFolder.MountPath, ContainerMountType.BindMount, isReadOnly: false);
            // The last call counts.
            foreach (var earlier in task.Annotations.OfType<ContainerMountAnnotation>().Where(other => other.Target == mount.Target).ToArray())
            {
                task.Annotations.Remove(earlier);
            }

            task.Annotations.Add(mount);
        }

        return builder;
    }

    private static void AddBackupCommands(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        var backup = builder.AddStoreTask(mlflow, server.Backup, "Archive").WithBackupDestination(server).WithArgs("backup", BackupFolder.MountPath);
        mlflow.WithTaskCommand("back-up", "Back up", backup, new()
        {
            Description = "Writes everything into one archive, while the server runs.",
            IconName = "Archive",
            Progress = new() { Title = "Back up", Message = "The console log of the backup says how far it is." },
        });

        var restore = builder.AddStoreTask(mlflow, server.Restore, "ArchiveSettings")
            .WithBackupDestination(server)
            .WithRunOfCommand($"the command Restore of '{server.Name}', which asks for the archive");
        mlflow.WithTaskCommand("restore", "Restore", restore, RestoreOptions(server), arguments =>
        {
            var archive = $"{BackupFolder.MountPath}/{arguments.GetString(ArchiveArgument)}";
            return IsSet(arguments, ReplaceArgument) ? new("restore", archive, "--replace") : new("restore", archive);
        });

        builder.CreateResourceBuilder(server.Migration).WithBackupDestination(server);
        // Each server has its own: an archive brings back what its server had.
        mlflow.WithBackupFolder(Path.Combine("backups", server.Name));
    }

    private static CommandOptions RestoreOptions(MlflowServerResource server) => new()
    {
        Description = "Brings back what an archive has.",
        ConfirmationMessage = "Everything in this MLflow becomes what it was when the archive that you choose next was made. Continue?",
        IconName = "ArchiveArrowBack",
        Progress = new() { Title = "Restore", Message = "The console log of the restore says how far it is." },
        Arguments =
        [
            new()
            {
                Name = ArchiveArgument,
                Label = "Archive",
                InputType = InputType.Choice,
                Required = true,
                DynamicLoading = new()
                {
                    LoadCallback = context =>
                    {
                        context.Input.Options = [.. server.BackupFolder.Archives.Select(archive => KeyValuePair.Create(archive, archive))];
                        return Task.CompletedTask;
                    },
                },
            },
            new()
            {
                Name = ReplaceArgument,
                Label = "Replace what is there",
                Description = "Without it only an MLflow without experiments, runs and models takes an archive.",
                InputType = InputType.Boolean,
            },
        ],
        ValidateArguments = context =>
        {
            var archive = context.Inputs[ArchiveArgument];
            if (!server.BackupFolder.Archives.Contains(archive.Value))
            {
                context.AddValidationError(archive, $"There is no archive '{archive.Value}' in {server.BackupFolder.Path}.");
            }

            return Task.CompletedTask;
        },
    };

    private static IResourceBuilder<MlflowTaskResource> WithBackupDestination(
        this IResourceBuilder<MlflowTaskResource> task, MlflowServerResource server) => task
        .WithEnvironment("MLFLOW_BACKUP_DESTINATION", BackupFolder.MountPath)
        // A folder that is not there cannot be mounted.
        .OnBeforeResourceStarted((_, _, _) =>
        {
            server.BackupFolder.Create();
            return Task.CompletedTask;
        });
}

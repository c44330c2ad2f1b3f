using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    private const string SourceArgument = "source";
    private const string ArtifactsArgument = "artifacts";
    private const string ArtifactRootArgument = "artifact-root";
    private const string UserNameArgument = "user-name";
    private const string PasswordArgument = "password";

    private static void AddImportCommand(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        var import = builder.AddStoreTask(mlflow, server.Import, "ArrowImport")
            .WithRunOfCommand($"the command Import of '{server.Name}', which asks for the source");
        mlflow.WithTaskCommand("import", "Import", import, ImportOptions(builder.AppHostDirectory), arguments =>
        {
            var source = SourceOf(arguments, builder.AppHostDirectory);
            return new([.. source.Arguments]) { Environment = SignInOf(arguments), Mounts = [.. source.Mounts] };
        });
    }

    /// <summary>The settings of MLflow's client.</summary>
    private static Dictionary<string, string> SignInOf(InteractionInputCollection arguments) =>
        TextOf(arguments, UserNameArgument) is { } userName && TextOf(arguments, PasswordArgument) is { } password
            ? new() { ["MLFLOW_TRACKING_USERNAME"] = userName, ["MLFLOW_TRACKING_PASSWORD"] = password }
            : [];

    private static CommandOptions ImportOptions(string folder) => new()
    {
        Description = "Brings what another MLflow has into this one, which must be empty.",
        IconName = "ArrowImport",
        Progress = new() { Title = "Import", Message = "The console log of the import says how far it is." },
        Arguments =
        [
            new()
            {
                Name = SourceArgument,
                Label = "Server, database or folder",
                Description = "The address of a server as a container reaches it, or on this machine a SQLite database (mlflow.db), a dump of a PostgreSQL"
                    + " database as text (mlflow.sql), or the folder of a file store (mlruns). It is not changed.",
                InputType = InputType.Text,
                Required = true,
            },
            new()
            {
                Name = ArtifactsArgument,
                Label = "Folder of the artifacts",
                Description = "Of a database; a file store has them itself.",
                InputType = InputType.Text,
            },
            new()
            {
                Name = ArtifactRootArgument,
                Label = "How the source names that folder",
                Description = "Where they were in a bucket, such as s3://bucket/mlflow.",
                InputType = InputType.Text,
            },
            new()
            {
                Name = UserNameArgument,
                Label = "User name",
                Description = "Of a server with basic authentication: an administrator.",
                InputType = InputType.Text,
            },
            new()
            {
                Name = PasswordArgument,
                Label = "Password",
                InputType = InputType.SecretText,
            },
        ],
        ValidateArguments = context =>
        {
            var (path, artifacts) = SourceOf(context.Inputs, folder).Faults;
            if (path is not null)
            {
                context.AddValidationError(context.Inputs[SourceArgument], path);
            }
            else if (artifacts is not null)
            {
                context.AddValidationError(context.Inputs[ArtifactsArgument], artifacts);
            }

            return Task.CompletedTask;
        },
    };

    private static ImportSource SourceOf(InteractionInputCollection arguments, string folder)
    {
        return new(Full(SourceArgument)!, Full(ArtifactsArgument), TextOf(arguments, ArtifactRootArgument));

        string? Full(string name) =>
            TextOf(arguments, name) is { } path ? ImportSource.IsServer(path) ? path : Path.GetFullPath(path, folder) : null;
    }
}

using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    private const string StatementArgument = "statement";
    private const string UsersArgument = "users";

    /// <summary>Adds what an operator looks and mends with. One container does all of it, one thing at a time.</summary>
    private static void AddOperationCommands(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        var task = builder.AddStoreTask(mlflow, server.Operation, "WrenchScrewdriver")
            .WithBackupDestination(server)
            .WithRunOfCommand($"a command of '{server.Name}', such as Check, which says what to do");

        Add("check", "Check", _ => new("check"), new()
        {
            Description = "Says whether databases and artifact store can be used, and what is in them.",
            IconName = "Stethoscope",
        });
        Add("list-users", "List users", _ => new("users"), new()
        {
            Description = "Lists the users, and who of them is an administrator.",
            IconName = "People",
            UpdateState = _ => ShownIf(server.SignInDatabase is not null),
        });
        Add("reset-administrator", "Reset administrator", _ => new("reset-admin"), new()
        {
            Description = "Gives the administrator the password of the app host again, and the rights of one.",
            ConfirmationMessage = "The administrator's password becomes the one of the app host, whatever it is now. Continue?",
            IconName = "KeyReset",
            // The sign-in that has passwords.
            UpdateState = _ => ShownIf(server.SignIn?.Credentials is not null),
        });
        Add("run-sql", "Run SQL", arguments => SqlOf(arguments, write: false), SqlOptions(server, new()
        {
            Description = "Runs a statement that reads from a database of the server.",
            IconName = "DatabaseSearch",
        }));
        // A confirmation is asked for before the statement, and cannot depend on it.
        Add("change-by-sql", "Change by SQL", arguments => SqlOf(arguments, write: true), SqlOptions(server, new()
        {
            Description = "Runs a statement that may change a database of the server.",
            ConfirmationMessage = "The statement that you are asked for next may permanently change or delete anything in the database. Continue?",
            IconName = "DatabaseWarning",
        }));

        void Add(string name, string displayName, Func<InteractionInputCollection, TaskRun> choose, CommandOptions options)
        {
            options.Progress = new() { Title = displayName, Message = $"The console log of {server.Operation.Name} has what it says." };
            // It needs no server that runs, and is wanted most when that does not.
            options.UpdateState ??= _ => ResourceCommandState.Enabled;
            mlflow.WithTaskCommand(name, displayName, task, options, choose);
        }
    }

    /// <summary>Asked whenever the dashboard is told of the server: the sign-in may be configured after the command.</summary>
    private static ResourceCommandState ShownIf(bool condition) => condition ? ResourceCommandState.Enabled : ResourceCommandState.Hidden;

    private static TaskRun SqlOf(InteractionInputCollection arguments, bool write)
    {
        (string Name, bool IsSet)[] options = [("--users", IsSet(arguments, UsersArgument)), ("--write", write)];
        return new(["sql", .. options.Where(option => option.IsSet).Select(option => option.Name)])
        {
            Environment = new Dictionary<string, string> { ["MLFLOW_SQL_STATEMENT"] = arguments.GetString(StatementArgument)! },
        };
    }

    private static CommandOptions SqlOptions(MlflowServerResource server, CommandOptions options)
    {
        options.Arguments =
        [
            new()
            {
                Name = StatementArgument,
                Label = "Statement",
                Description = "In the SQL of PostgreSQL. Its rows come as CSV.",
                InputType = InputType.Text,
                Required = true,
            },
            new()
            {
                Name = UsersArgument,
                Label = "Use the database of users and permissions",
                Description = "Otherwise it is that of experiments, runs and models.",
                InputType = InputType.Boolean,
            },
        ];
        options.ValidateArguments = context =>
        {
            if (server.SignInDatabase is null && IsSet(context.Inputs, UsersArgument))
            {
                context.AddValidationError(context.Inputs[UsersArgument], "The server lets everyone in and has no database of users.");
            }

            return Task.CompletedTask;
        };
        return options;
    }
}

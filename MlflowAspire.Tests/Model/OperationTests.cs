using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Tests.Model;

/// <summary>The commands of operators. What they say is tested with the containers.</summary>
[Trait("Category", "Model")]
public class OperationTests
{
    [Fact]
    public void Without_a_sign_in_there_are_no_commands_for_users() =>
        Assert.Equal(["change-by-sql", "check", "run-sql"], Shown(TestModel.ToRun().AddMlflow()));

    [Fact]
    public void A_sign_in_that_is_configured_later_brings_the_commands_that_fit()
    {
        var (basic, oidc) = (TestModel.ToRun(), TestModel.ToRun());

        Assert.Equal(["change-by-sql", "check", "list-users", "reset-administrator", "run-sql"], Shown(basic.AddMlflow().WithBasicAuth()));
        // The provider has the passwords.
        Assert.Equal(["change-by-sql", "check", "list-users", "run-sql"], Shown(oidc.AddMlflow().WithOidcAuth(
            "https://login.example.com/.well-known/openid-configuration", "client", oidc.Builder.AddParameter("secret", "s3cret", secret: true))));
    }

    [Fact]
    public void What_changes_something_asks_first()
    {
        var commands = Commands(TestModel.ToRun().AddMlflow());

        Assert.Equal(
            ["change-by-sql", "reset-administrator"], commands.Where(command => command.ConfirmationMessage is not null).Select(command => command.Name));
        Assert.All(commands, command => Assert.NotNull(command.Progress?.Message));
    }

    [Theory]
    [InlineData("check", new[] { "check" })]
    [InlineData("list-users", new[] { "users" })]
    [InlineData("reset-administrator", new[] { "reset-admin" })]
    [InlineData("run-sql", new[] { "sql" }, "SELECT 'private'", "false")]
    [InlineData("change-by-sql", new[] { "sql", "--users", "--write" }, "DROP TABLE 'private'", "true")]
    public async Task A_command_says_what_the_container_does_and_a_statement_is_no_argument(
        string command, string[] arguments, string? statement = null, string? ofUsers = null)
    {
        var run = await RunAsync(command, statement, ofUsers);

        Assert.Equal("This test starts none.", run.Message);
        Assert.Equal(arguments, run.Arguments);
        Assert.Equal(statement, run.Environment.GetValueOrDefault("MLFLOW_SQL_STATEMENT"));
        Assert.Equal("admin", run.Environment["MLFLOW_AUTH_ADMIN_USERNAME"]);
    }

    [Fact]
    public async Task There_may_be_no_database_of_users()
    {
        var run = await RunAsync("run-sql", "SELECT 1", "true", hasUsers: false);

        Assert.Equal("Command argument validation failed.", run.Message);
        Assert.Empty(run.Arguments);
        Assert.Equal(["sql"], (await RunAsync("run-sql", "SELECT 1", "false", hasUsers: false)).Arguments);
    }

    /// <summary>Runs a command up to where the orchestrator would start the container.</summary>
    private static async Task<Run> RunAsync(string command, string? statement, string? ofUsers, bool hasUsers = true)
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();
        if (hasUsers)
        {
            mlflow.WithBasicAuth();
        }

        Run run = new();
        var operation = mlflow.Resource.Operation;
        model.Builder.CreateResourceBuilder(operation).WithCommand(KnownResourceCommands.StartCommand, "Start", async _ =>
        {
            run.Arguments = await operation.ArgumentsAsync(model.Builder);
            run.Environment = await operation.EnvironmentAsync(model.Builder);
            return CommandResults.Failure("This test starts none.");
        });
        await using var app = model.Builder.Build();

        run.Message = (await app.ResourceCommands.ExecuteCommandAsync(mlflow.Resource, command, new InteractionInputCollection(statement is null ? [] :
        [
            new() { Name = "statement", InputType = InputType.Text, Value = statement },
            new() { Name = "users", InputType = InputType.Boolean, Value = ofUsers },
        ]))).Message;
        return run;
    }

    private static string[] Shown(IResourceBuilder<MlflowServerResource> mlflow)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        // Neither started nor healthy.
        var context = new UpdateCommandStateContext { ResourceSnapshot = new() { ResourceType = "Container", Properties = [] }, Services = services };
        return [.. Commands(mlflow).Where(command => command.UpdateState(context) is ResourceCommandState.Enabled).Select(command => command.Name)];
    }

    private static IEnumerable<ResourceCommandAnnotation> Commands(IResourceBuilder<MlflowServerResource> mlflow) => mlflow.Resource.Annotations
        .OfType<ResourceCommandAnnotation>()
        .Where(command => command.Name is "check" or "list-users" or "reset-administrator" or "run-sql" or "change-by-sql")
        .OrderBy(command => command.Name, StringComparer.Ordinal);

    private sealed class Run
    {
        public string? Message { get; set; }

        public string[] Arguments { get; set; } = [];

        public Dictionary<string, string> Environment { get; set; } = [];
    }
}

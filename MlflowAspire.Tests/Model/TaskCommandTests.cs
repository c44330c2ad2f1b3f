using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Tests.Model;

/// <summary>The commands that run a task. What the tasks do is tested with the containers.</summary>
[Trait("Category", "Model")]
public sealed class TaskCommandTests : IAsyncLifetime
{
    private const string Failed = "This test starts none.";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mlflow-commands-");
    private readonly TestModel _model = TestModel.ToRun();
    private readonly IResourceBuilder<MlflowServerResource> _mlflow;
    private DistributedApplication? _app;
    private int _starts;

    public TaskCommandTests()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "first.zip"), "");
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "mlruns"));
        _mlflow = _model.AddMlflow().WithBackupFolder(_folder.FullName);
    }

    public static TheoryData<string, string> Commands => new()
    {
        { "collect-garbage", "mlflow-gc" },
        { "load-demo-data", "mlflow-demo" },
        { "back-up", "mlflow-backup" },
        { "restore", "mlflow-restore" },
        { "import", "mlflow-import" },
        { "check", "mlflow-operation" },
        { "change-by-sql", "mlflow-operation" },
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Another_command_of_the_same_task_is_refused_until_it_has_ended(string command, string task)
    {
        var other = "";
        OnStart(task, async services =>
        {
            other = (await ExecuteAsync(services, task == "mlflow-operation" ? "run-sql" : command)).Message;
            return CommandResults.Failure(Failed);
        });

        Assert.Equal(Failed, (await ExecuteAsync(command)).Message);
        Assert.Equal($"{task} is running, and does one thing at a time. Try again when it has ended.", other);
        Assert.Equal(1, _starts);

        Assert.Equal(Failed, (await ExecuteAsync(command)).Message);
        Assert.Equal(2, _starts);
    }

    [Fact]
    public async Task Nothing_stays_of_a_run_that_could_not_start()
    {
        var task = TaskOf("mlflow-import");
        var mounts = task.Annotations.OfType<ContainerMountAnnotation>().ToList();
        List<string?> folders = [];
        OnStart(task.Name, _ =>
        {
            folders.AddRange(task.Annotations.OfType<ContainerMountAnnotation>().Except(mounts).Select(mount => mount.Source));
            throw new InvalidOperationException("There is no runtime of containers.");
        });

        for (var start = 0; start < 2; start++)
        {
            Assert.False((await ExecuteAsync("import")).Success);
            Assert.Equal(mounts, task.Annotations.OfType<ContainerMountAnnotation>());
        }

        Assert.Equal(Enumerable.Repeat(Path.Combine(_folder.FullName, "mlruns"), 2), folders);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task What_runs_already_is_not_started_again(string command, string task)
    {
        OnStart(task, _ => Task.FromResult(CommandResults.Failure(Failed)));
        await TellAsync("Running");
        Assert.StartsWith($"{task} is running", (await ExecuteAsync(command)).Message, StringComparison.Ordinal);
        Assert.Equal(0, _starts);

        await TellAsync("Exited");
        Assert.Equal(Failed, (await ExecuteAsync(command)).Message);

        Task TellAsync(string state) => App.ResourceNotifications.PublishUpdateAsync(TaskOf(task), told => told with { State = state });
    }

    [Theory]
    [InlineData("mlflow-restore", "Use the command Restore of 'mlflow', which asks for the archive.")]
    [InlineData("mlflow-import", "Use the command Import of 'mlflow', which asks for the source.")]
    [InlineData("mlflow-operation", "Use a command of 'mlflow', such as Check, which says what to do.")]
    public async Task What_no_command_has_started_says_which_one_to_use(string task, string message)
    {
        var context = new CommandLineArgsCallbackContext([], TaskOf(task));
        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(async () =>
        {
            foreach (var arguments in TaskOf(task).Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            {
                await arguments.Callback(context);
            }
        });

        Assert.Equal(message, exception.Message);
    }

    [Theory]
    [InlineData("false", new[] { "restore", "/backups/first.zip" })]
    [InlineData("true", new[] { "restore", "/backups/first.zip", "--replace" })]
    public async Task Restore_reads_the_archive_and_replaces_only_when_told(string replace, string[] expected)
    {
        string[] arguments = [];
        OnStart("mlflow-restore", async _ =>
        {
            arguments = await TaskOf("mlflow-restore").ArgumentsAsync(_model.Builder);
            return CommandResults.Failure(Failed);
        });

        await ExecuteAsync(App.Services, "restore", Text("archive", "first.zip"), Text("replace", replace));

        Assert.Equal(expected, arguments);
    }

    [Fact]
    public async Task Import_signs_in_to_a_server_and_the_password_is_no_argument()
    {
        string[] arguments = [];
        Dictionary<string, string> environment = [];
        OnStart("mlflow-import", async _ =>
        {
            arguments = await TaskOf("mlflow-import").ArgumentsAsync(_model.Builder);
            environment = await TaskOf("mlflow-import").EnvironmentAsync(_model.Builder);
            return CommandResults.Failure(Failed);
        });

        await ExecuteAsync(
            App.Services, "import", Text("source", "https://mlflow.example"), Text("user-name", "an admin"), Text("password", "a password"));

        Assert.Equal(["import", "https://mlflow.example"], arguments);
        Assert.Equal("an admin", environment["MLFLOW_TRACKING_USERNAME"]);
        Assert.Equal("a password", environment["MLFLOW_TRACKING_PASSWORD"]);
    }

    [Fact]
    public void Each_server_has_a_folder_of_backups_of_its_own()
    {
        var model = TestModel.ToRun();

        string[] folders = [Folder(model.AddMlflow()), Folder(model.Builder.AddMlflow("other"))];

        Assert.Equal(["backups/mlflow", "backups/other"], folders);

        string Folder(IResourceBuilder<MlflowServerResource> mlflow) =>
            Path.GetRelativePath(model.Builder.AppHostDirectory, mlflow.Resource.BackupFolder.Path).Replace('\\', '/');
    }

    private DistributedApplication App => _app ??= _model.Builder.Build();

    private MlflowTaskResource TaskOf(string name) => _model.Builder.Resources.OfType<MlflowTaskResource>().Single(task => task.Name == name);

    /// <summary>Stands in for the orchestrator.</summary>
    private void OnStart(string task, Func<IServiceProvider, Task<ExecuteCommandResult>> start) =>
        _model.Builder.CreateResourceBuilder(TaskOf(task)).WithCommand(KnownResourceCommands.StartCommand, "Start", context =>
        {
            _starts++;
            return start(context.Services);
        });

    private Task<ExecuteCommandResult> ExecuteAsync(string command) => ExecuteAsync(App.Services, command);

    private Task<ExecuteCommandResult> ExecuteAsync(IServiceProvider services, string command) => ExecuteAsync(services, command, command switch
    {
        "restore" => [Text("archive", "first.zip")],
        "import" => [Text("source", Path.Combine(_folder.FullName, "mlruns"))],
        "run-sql" or "change-by-sql" => [Text("statement", "SELECT 1")],
        _ => [],
    });

    private Task<ExecuteCommandResult> ExecuteAsync(IServiceProvider services, string command, params InteractionInput[] answers) => services
        .GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(_mlflow.Resource, command, new InteractionInputCollection(answers));

    private static InteractionInput Text(string name, string value) => new() { Name = name, InputType = InputType.Text, Value = value };
}

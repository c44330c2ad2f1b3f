namespace MlflowAspire.Tests.Scripts;

/// <summary>What run.sh and test.sh do to a machine before they hand over to dotnet.</summary>
[Trait("Category", "Model")]
public sealed class StartTests : IDisposable
{
    private const string Run = "dotnet run --project MlflowAspire.AppHost --";
    private const string NotFound = "echo 'error NU1101: Unable to find package Aspire.Hosting.Azure.Storage.'";
    private readonly ScriptedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [UnixFact]
    public async Task A_ready_machine_is_asked_for_nothing_but_the_sdk_and_docker()
    {
        _machine.Restore();

        var (exitCode, output, errors) = await _machine.RunAsync("run.sh", ["--Mlflow:Port=5001", "--Mlflow:Workers", "4"]);

        Assert.Equal((0, "", ""), (exitCode, output, errors));
        Assert.Equal(["dotnet --version", "docker info", $"{Run} --Mlflow:Port=5001 --Mlflow:Workers 4"], _machine.Calls);
    }

    [UnixFact]
    public async Task Packages_are_restored_before_the_first_start_and_when_their_versions_change()
    {
        _machine.Give("dotnet", """if [ "$1" = restore ]; then mkdir -p "$2/obj" && echo '{ "success": true }' > "$2/obj/project.nuget.cache"; fi""");

        await _machine.RunAsync("run.sh", []);
        await _machine.RunAsync("run.sh", []);
        _machine.Write("Directory.Packages.props", "<Project />");
        await _machine.RunAsync("run.sh", []);
        await _machine.RunAsync("run.sh", []);

        Assert.Equal(
            ["dotnet restore MlflowAspire.AppHost", Run, Run, "dotnet restore MlflowAspire.AppHost", Run, Run],
            _machine.Calls.Where(call => call is not ("dotnet --version" or "docker info")));
    }

    [UnixFact]
    public async Task Packages_that_no_source_has_are_set_up_here()
    {
        _machine.Give("dotnet", $"case $1 in restore) {NotFound} && exit 1 ;; run) echo \"reaper off: $TESTCONTAINERS_RYUK_DISABLED\" ;; esac");
        _machine.SetUp("echo 'export TESTCONTAINERS_RYUK_DISABLED=true' > offline/.env");

        var (_, output, _) = await _machine.RunAsync("run.sh", []);

        Assert.Equal(["dotnet --version", "docker info", "dotnet restore MlflowAspire.AppHost", "prepare --all", Run], _machine.Calls);
        Assert.EndsWith("reaper off: true\n", output, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task A_source_that_does_not_answer_changes_nothing()
    {
        _machine.Give("dotnet", "if [ \"$1\" = restore ]; then echo 'error NU1301: Unable to load the service index.' && exit 1; fi");

        var (exitCode, _, errors) = await _machine.RunAsync("run.sh", []);

        Assert.Equal(1, exitCode);
        Assert.Equal("error: The packages cannot be restored:\nerror NU1301: Unable to load the service index.\n", errors);
        Assert.DoesNotContain("prepare --all", _machine.Calls);
    }

    [UnixFact]
    public async Task A_machine_that_was_set_up_before_is_looked_after()
    {
        _machine.Restore();
        _machine.Write("nuget.config", "<!-- Written by offline/prepare -->");

        await _machine.RunAsync("run.sh", []);

        Assert.Equal(["dotnet --version", "docker info", "prepare --all", Run], _machine.Calls);
    }

    [UnixFact]
    public async Task Docker_that_does_not_answer_is_reported_in_its_own_words()
    {
        _machine.Restore();
        _machine.Give("docker", "echo 'Cannot connect to the Docker daemon.' >&2; exit 1");

        var (exitCode, _, errors) = await _machine.RunAsync("run.sh", []);

        Assert.Equal((1, "error: docker does not answer. `docker info` says: Cannot connect to the Docker daemon.\n"), (exitCode, errors));
        Assert.Equal(["dotnet --version", "docker info"], _machine.Calls);
    }

    [UnixFact]
    public async Task No_daemon_is_started_beside_the_one_that_DOCKER_HOST_names()
    {
        _machine.Restore();
        _machine.Give("id", "echo 0");
        _machine.Give("apt-get", "");
        _machine.Give("dockerd", "");
        _machine.Give("docker", "echo 'connection refused' >&2; exit 1");

        var (exitCode, _, errors) = await _machine.RunAsync("run.sh", [], new() { ["DOCKER_HOST"] = "tcp://127.0.0.1:9" });

        Assert.Equal((1, "error: docker does not answer (DOCKER_HOST is tcp://127.0.0.1:9). `docker info` says: connection refused\n"), (exitCode, errors));
        Assert.Equal(["dotnet --version", "docker info"], _machine.Calls);
    }

    [UnixFact]
    public async Task Without_Docker_a_user_is_told_so_and_a_bare_machine_of_roots_is_set_up()
    {
        _machine.Restore();
        _machine.Take("docker");

        var user = await _machine.RunAsync("run.sh", []);
        _machine.Give("id", "echo 0");
        _machine.Give("apt-get", "");
        await _machine.RunAsync("run.sh", []);

        Assert.Equal((1, "error: Docker or Podman is needed: https://docs.docker.com/get-started/get-docker/\n"), (user.ExitCode, user.Errors));
        // Where systemd runs, daemons are the affair of the machine's owner.
        Assert.Equal(!Directory.Exists("/run/systemd/system"), _machine.Calls.Contains("prepare --all"));
    }

    [UnixFact]
    public async Task Podman_does_where_Docker_is_not_there()
    {
        _machine.Restore();
        _machine.Take("docker");
        _machine.Give("podman", "");

        await _machine.RunAsync("run.sh", []);

        Assert.Equal(["dotnet --version", "podman info", Run], _machine.Calls);
    }

    [UnixFact]
    public async Task A_missing_SDK_is_named_with_those_that_are_there()
    {
        _machine.Give(
            "dotnet", "case $1 in --version) echo 'global.json file: global.json' && exit 155 ;; --list-sdks) echo '8.0.404 [/usr/share/dotnet/sdk]' ;; esac");

        var (exitCode, _, errors) = await _machine.RunAsync("run.sh", []);
        _machine.Give("dotnet", "echo 'No home directory.' >&2; exit 1");
        var (_, _, broken) = await _machine.RunAsync("run.sh", []);
        _machine.Take("dotnet");
        var (_, _, none) = await _machine.RunAsync("run.sh", []);

        Assert.Equal((1, "error: global.json asks for a .NET SDK of version 10.0.100 or newer; installed: 8.0.404\n"), (exitCode, errors));
        Assert.Equal("error: dotnet does not work: No home directory.\n", broken);
        Assert.Equal("error: The .NET SDK 10 is needed: https://dotnet.microsoft.com/download\n", none);
    }

    [UnixFact]
    public async Task Model_and_publish_tests_need_no_containers()
    {
        _machine.Restore();
        _machine.Take("docker");

        await _machine.RunAsync("test.sh", ["--filter=Category=Model"]);
        await _machine.RunAsync("test.sh", ["--filter", "Category=Model|Category=Publish"]);
        var stack = await _machine.RunAsync("test.sh", ["--filter", "Category=Stack"]);

        Assert.Equal(
            [
                "dotnet --version", "dotnet test MlflowAspire.sln --nologo --filter=Category=Model",
                "dotnet --version", "dotnet test MlflowAspire.sln --nologo --filter Category=Model|Category=Publish",
                "dotnet --version",
            ],
            _machine.Calls);
        Assert.Equal(1, stack.ExitCode);
    }

    [UnixFact]
    public async Task What_is_rare_is_tested_when_all_is_asked_for()
    {
        _machine.Restore();

        await _machine.RunAsync("test.sh", []);
        await _machine.RunAsync("test.sh", ["--logger", "trx"]);
        await _machine.RunAsync("test.sh", ["--all", "--logger", "a name with spaces"]);
        await _machine.RunAsync("test.sh", ["--filter", "Category=Stack"]);

        Assert.Equal(
            [
                "dotnet test MlflowAspire.sln --nologo --filter Category!=Rare",
                "dotnet test MlflowAspire.sln --nologo --filter Category!=Rare --logger trx",
                "dotnet test MlflowAspire.sln --nologo --logger a name with spaces",
                "dotnet test MlflowAspire.sln --nologo --filter Category=Stack",
            ],
            _machine.Calls.Where(call => call.StartsWith("dotnet test", StringComparison.Ordinal)));
    }

    [UnixFact]
    public async Task Help_and_wrong_arguments_end_with_a_line()
    {
        var help = await _machine.RunAsync("run.sh", ["--help"]);
        var helpOfTests = await _machine.RunAsync("test.sh", ["-h"]);
        var wrong = await _machine.RunAsync("run.sh", ["Mlflow:Port=5001"]);

        Assert.StartsWith("Usage: ./run.sh", help.Output, StringComparison.Ordinal);
        Assert.StartsWith("Usage: ./test.sh", helpOfTests.Output, StringComparison.Ordinal);
        Assert.Equal(
            (1, "error: 'Mlflow:Port=5001' is no setting: settings look like --Mlflow:Port=5001; see ./run.sh --help\n"),
            (wrong.ExitCode, wrong.Errors));
        Assert.Empty(_machine.Calls);
    }
}

using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using MlflowAspire.Tests.Docs;
using MlflowAspire.Tests.Publish;

namespace MlflowAspire.Tests.Packages;

/// <summary>
/// The packages of the two libraries, and app hosts that are built from them in a folder of their own: inside of the checkout, so that the sources of NuGet
/// are the same, and with nothing else of it.
/// </summary>
public sealed class PackageFeed : IAsyncLifetime
{
    // A process more takes longer to start than it saves.
    private const string OneProcess = "-maxCpuCount:1";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    // The programs in Packages/Apps, and what each of them refers to.
    private static readonly Dictionary<string, string> s_apps = new()
    {
        ["Core"] = "MlflowAspire.Hosting",
        ["Plain"] = "MlflowAspire.Hosting.Azure",
        ["Azure"] = "MlflowAspire.Hosting.Azure",
    };

    // The versions that this checkout is built with.
    private static readonly string s_sdk = (string)XDocument.Load(Path.Combine(Repository.Root, "MlflowAspire.AppHost", "MlflowAspire.AppHost.csproj"))
        .Root!.Attribute("Sdk")!;
    private static readonly string s_aspire = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"))
        .Descendants("AspireVersion").Single().Value;

    private readonly string _root = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, $"packages-{Guid.NewGuid():N}")).FullName;

    private readonly Lazy<Task> _built;

    public PackageFeed() => _built = new(BuildAsync);

    private string Feed => Path.Combine(_root, "feed");

    public async Task InitializeAsync()
    {
        var configuration = Directory.GetParent(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!.Name;
        var libraries = await WriteSolutionAsync(
            "libraries", s_apps.Values.Distinct().Select(library => Path.Combine(Repository.Root, library, $"{library}.csproj")));
        await RunAsync(Repository.Root, ["pack", libraries, "--no-build", "--configuration", configuration, "--output", Feed, "--nologo", OneProcess]);

        // Nothing of the checkout's own settings reaches what is built here.
        await File.WriteAllTextAsync(Path.Combine(_root, "Directory.Build.props"), "<Project />");
        await File.WriteAllTextAsync(Path.Combine(_root, "Directory.Packages.props"), "<Project />");
        // The packages keep their version: a cache of all projects would keep their first content.
        await File.WriteAllTextAsync(Path.Combine(_root, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(_root, "cache")}" /></config>
              <fallbackPackageFolders><add key="built-with" value="{PublishingProcess.Packages}" /></fallbackPackageFolders>
              <packageSources><add key="packed" value="{Feed}" /></packageSources>
              <packageSourceMapping><packageSource key="packed"><package pattern="MlflowAspire.*" /></packageSource></packageSourceMapping>
            </configuration>
            """);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>The files in a package.</summary>
    public async Task<IReadOnlyList<string>> FilesOfAsync(string package)
    {
        using var archive = await ZipFile.OpenReadAsync(PathOf(package));
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    /// <summary>What a package says of itself.</summary>
    public async Task<string> SpecificationOfAsync(string package)
    {
        await using var archive = await ZipFile.OpenReadAsync(PathOf(package));
        using var reader = new StreamReader(await archive.GetEntry($"{package}.nuspec")!.OpenAsync());
        return await reader.ReadToEndAsync();
    }

    /// <summary>Publishes an app host that is built from a package.</summary>
    /// <param name="app">The name of its program in <c>Packages/Apps</c>.</param>
    internal async Task<PublishedApp> PublishAsync(string app)
    {
        await _built.Value;
        var folder = Path.Combine(_root, app);
        var output = Directory.CreateDirectory(Path.Combine(folder, "published"));
        var arguments = PublishingProcess.Arguments(Path.Combine(output.FullName, "manifest.json"));
        await RunAsync(folder, [Path.Combine("bin", "Debug", "net10.0", $"{app}.dll"), "--environment", "Production", .. arguments]);
        return PublishedApp.Read(output);
    }

    /// <summary>The C# in the README of a package, which an app host of that package has been built with.</summary>
    internal async Task<IReadOnlyList<string>> ExamplesAsync(string package)
    {
        await _built.Value;
        return ExamplesOf(package);
    }

    private static string[] ExamplesOf(string package) =>
        [.. MarkdownFile.Read($"{package}/README.md").Fenced.Where(block => block.Language == "csharp").Select(block => block.Code)];

    /// <summary>A program as a method: a project can have one program, and that is the one in <c>Packages/Apps</c>.</summary>
    private static string AsMethod(string name, string program)
    {
        var lines = program.Split('\n');
        var usings = lines.TakeWhile(line => line.Length == 0 || line.StartsWith("using ", StringComparison.Ordinal)).ToArray();
        return $$"""
            {{string.Join('\n', usings)}}
            internal static class {{name}}
            {
                public static void Run(string[] args)
                {
            {{string.Join('\n', lines.Skip(usings.Length))}}
                }
            }
            """;
    }

    /// <summary>Builds all app hosts. They have nothing in common but the process that builds them.</summary>
    private async Task BuildAsync()
    {
        foreach (var (app, package) in s_apps)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_root, app)).FullName;
            File.Copy(Path.Combine(Repository.Root, "MlflowAspire.Tests", "Packages", "Apps", $"{app}.cs"), Path.Combine(folder, "Program.cs"));
            await File.WriteAllTextAsync(Path.Combine(folder, $"{app}.csproj"), $"""
                <Project Sdk="{s_sdk}">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <AspireUseCliBundle>false</AspireUseCliBundle>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="Aspire.Hosting.AppHost" Version="{s_aspire}" />
                    <PackageReference Include="{package}" Version="{Version(package)}" />
                  </ItemGroup>
                </Project>
                """);
            foreach (var (index, code) in ExamplesOf(package).Index())
            {
                await File.WriteAllTextAsync(Path.Combine(folder, $"ReadmeExample{index}.cs"), AsMethod($"ReadmeExample{index}", code));
            }
        }

        var apps = await WriteSolutionAsync("apps", s_apps.Keys.Select(app => $"{app}/{app}.csproj"));
        await RunAsync(_root, ["build", apps, "--nologo", "--verbosity", "quiet", OneProcess]);
    }

    private async Task<string> WriteSolutionAsync(string name, IEnumerable<string> projects)
    {
        var solution = Path.Combine(_root, $"{name}.slnx");
        await File.WriteAllTextAsync(solution, $"<Solution>{string.Concat(projects.Select(project => $"<Project Path=\"{project}\" />"))}</Solution>");
        return solution;
    }

    private string PathOf(string package) => Path.Combine(Feed, $"{package}.{Version(package)}.nupkg");

    private string Version(string package) => Directory.EnumerateFiles(Feed, $"{package}.*.nupkg")
        .Select(file => Path.GetFileNameWithoutExtension(file)[(package.Length + 1)..])
        .Single(version => char.IsAsciiDigit(version[0]));

    private async Task<string> RunAsync(string folder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Nothing that a real deployment has kept, and no server of the build that outlives it.
            Environment = { ["ASPIRE_HOME"] = _root, ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" },
        };
        using var limit = new CancellationTokenSource(s_limit);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"dotnet {string.Join(' ', arguments)} did not end within {s_limit}:\n{await output}{await errors}");
        }

        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}:\n{await output}{await errors}");
        return await output;
    }
}

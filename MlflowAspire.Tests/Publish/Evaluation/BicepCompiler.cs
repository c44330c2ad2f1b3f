using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using StreamJsonRpc;

namespace MlflowAspire.Tests.Publish;

/// <summary>Bicep's own compiler: one process compiles, checks and evaluates what all tests publish, each content once.</summary>
internal sealed class BicepCompiler
{
    private const string Tenant = "00000000-0000-0000-0000-00000000aaaa";

    /// <summary>The subscription that is deployed to.</summary>
    public const string Subscription = "00000000-0000-0000-0000-00000000bbbb";

    /// <summary>The region that is deployed to.</summary>
    public const string Location = "westeurope";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private static readonly Lazy<BicepCompiler> s_instance = new(() => new());
    private static readonly string? s_path = typeof(BicepCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .SingleOrDefault(attribute => attribute.Key == "BicepCompiler")?.Value?.Replace('\\', '/');

    private static readonly Lazy<CompilerAnswers> s_answers = new(() => new($"bicep-{Version(s_path!)}"));
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private readonly JsonRpc _rpc;

    private BicepCompiler()
    {
        var process = Start(s_path!);
        // The process ends with its input, at the latest with the tests.
        _rpc = new JsonRpc(new HeaderDelimitedMessageHandler(
            process.StandardInput.BaseStream,
            process.StandardOutput.BaseStream,
            new SystemTextJsonFormatter { JsonSerializerOptions = s_json }));
        _rpc.StartListening();
    }

    /// <summary>Why there is no compiler; null where there is one.</summary>
    public static string? Missing => s_path is not null && File.Exists(s_path)
        ? null
        : "The package Azure.Bicep.CommandLine is not there for this platform: nothing compiles and evaluates what is published.";

    /// <summary>Compiles a file with all its modules.</summary>
    /// <returns>The template of Azure Resource Manager, and what the compiler and its rules say of each file.</returns>
    public static async Task<(JsonNode Template, IReadOnlyList<BicepDiagnostic> Diagnostics)> CompileAsync(BicepFiles files, string name)
    {
        var answer = await CallAsync<CompileAnswer>(files, name, "bicep/compile", path => new { path });
        Assert.True(answer.Success, string.Join('\n', answer.Diagnostics.Where(diagnostic => diagnostic.Level == "Error")));
        return (JsonNode.Parse(answer.Contents!)!, answer.Diagnostics);
    }

    /// <summary>Evaluates a file of parameters to the resources that Azure would deploy; what only Azure knows stays an expression in brackets.</summary>
    /// <param name="files">The file of parameters and what it leads to.</param>
    /// <param name="name">The name of the file of parameters.</param>
    /// <param name="resourceGroup">The resource group that is deployed to; null when it is the subscription.</param>
    public static async Task<IReadOnlyList<DeployedResource>> EvaluateAsync(BicepFiles files, string name, string? resourceGroup = null)
    {
        var metadata = new { tenantId = Tenant, subscriptionId = Subscription, resourceGroup, location = Location, deploymentName = "test" };
        var answer = await CallAsync<SnapshotAnswer>(files, name, "bicep/getSnapshot", path => new { path, metadata });
        var snapshot = JsonNode.Parse(answer.Snapshot)!;
        Assert.Empty(snapshot["diagnostics"]!.AsArray());
        return [.. snapshot["predictedResources"]!.AsArray().Select(resource => new DeployedResource(resource!.AsObject()))];
    }

    /// <summary>What a file deploys, and what each of it waits for.</summary>
    public static async Task<DeploymentGraph> GraphAsync(BicepFiles files, string name)
    {
        var answer = await CallAsync<GraphAnswer>(files, name, "bicep/getDeploymentGraph", path => new { path });
        var lines = files[name].Split('\n');
        return new(
            [.. answer.Nodes.Select(node => new DeploymentNode(
                node.Name, node.Type, node.IsExisting, node.RelativePath, string.Join('\n', lines[node.Range.Start.Line..(node.Range.End.Line + 1)])))],
            answer.Edges.ToLookup(edge => edge.Source, edge => edge.Target));
    }

    /// <summary>Asks about a file; where the process is not needed, because the same has been asked before, it is not started.</summary>
    private static async Task<T> CallAsync<T>(BicepFiles files, string name, string method, Func<string, object> parameters)
    {
        // All that an answer depends on beside the content of the files.
        var question = $"{method.Split('/')[1]}-{CompilerAnswers.Hash(JsonSerializer.Serialize(parameters(name)))}.json";
        var answer = await s_answers.Value.GetAsync(files.Hash, question, async folder =>
        {
            await files.WriteAsync(folder);
            using var limit = new CancellationTokenSource(s_limit);
            var result = await s_instance.Value._rpc.InvokeWithParameterObjectAsync<JsonElement>(method, parameters(Path.Combine(folder, name)), limit.Token);
            return result.GetRawText();
        });
        return JsonSerializer.Deserialize<T>(answer, s_json)!;
    }

    /// <summary>The version of the compiler's package, which its path has.</summary>
    private static string Version(string path) => Path.GetFileName(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..")));

    private static Process Start(string path)
    {
        try
        {
            return Process.Start(Options(path))!;
        }
        catch (Win32Exception) when (!OperatingSystem.IsWindows())
        {
            // The package makes its file executable only for the file's owner.
            var copy = Path.Combine(AppContext.BaseDirectory, "bicep-compiler");
            File.Copy(path, copy, overwrite: true);
            File.SetUnixFileMode(copy, File.GetUnixFileMode(copy) | UnixFileMode.UserExecute);
            return Process.Start(Options(copy))!;
        }
    }

    private static ProcessStartInfo Options(string path) => new(path, ["jsonrpc", "--stdio"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        Environment =
        {
            // It unpacks itself, by default under the home folder.
            ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(AppContext.BaseDirectory, "bicep-unpacked"),
            // It does not run long enough to get back what its profile costs: a third of its time.
            ["DOTNET_TieredPGO"] = "0",
        },
    };

    private sealed record CompileAnswer(bool Success, IReadOnlyList<BicepDiagnostic> Diagnostics, string? Contents);

    private sealed record SnapshotAnswer(string Snapshot);

    private sealed record GraphAnswer(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges);

    private sealed record GraphNode(string Name, string Type, bool IsExisting, string? RelativePath, BicepRange Range);

    private sealed record GraphEdge(string Source, string Target);
}

/// <summary>What the compiler or one of its rules says.</summary>
/// <param name="Source">The path of the file.</param>
/// <param name="Range">Where in the file.</param>
/// <param name="Level">Error, Warning or Info.</param>
/// <param name="Code">The code, such as BCP037, or the name of the rule.</param>
/// <param name="Message">What is wrong.</param>
public sealed record BicepDiagnostic(string Source, BicepRange Range, string Level, string Code, string Message)
{
    /// <inheritdoc />
    public override string ToString() => $"{Path.GetFileName(Source)}({Range.Start.Line + 1}): {Level} {Code}: {Message}";
}

/// <summary>A part of a file.</summary>
public sealed record BicepRange(BicepPosition Start, BicepPosition End);

/// <summary>A place in a file, from line 0 on.</summary>
public sealed record BicepPosition(int Line);

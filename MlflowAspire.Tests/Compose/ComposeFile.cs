using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Tests.Model;

namespace MlflowAspire.Tests.Compose;

/// <summary>The app host's local stack as a compose file.</summary>
internal static partial class ComposeFile
{
    private const string BlobContainer = "artifacts";
    private const string Port = "${MLFLOW_PORT:-5000}";
    private const string Address = $"http://localhost:{Port}";

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What the orchestrator asks of each container, as a command inside of it.
    private static readonly Dictionary<string, string[]> s_healthChecks = new()
    {
        ["mlflow"] = ["CMD", "python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:5000/health')"],
        ["postgres"] = ["CMD", "pg_isready", "--username", "postgres", "--dbname", "mlflow"],
        ["storage"] = ["CMD", "node", "-e", "require('net').connect(10000).on('connect', () => process.exit(0)).on('error', () => process.exit(1))"],
    };

    /// <summary>Writes the file.</summary>
    /// <param name="builder">The app host. Its secret parameters have the names of variables of compose as their values.</param>
    public static async Task<string> WriteAsync(IDistributedApplicationBuilder builder)
    {
        var text = new StringBuilder("""
            # MLflow, PostgreSQL and Azurite without .NET: the containers of the app host's local run. Written by the tests, which compare it with the app host:
            # a change is made there. How to use it is in docs/compose.md. The account key is that of Azurite, which everyone knows; only these containers
            # reach it.
            services:

            """);
        var volumes = new SortedSet<string>(StringComparer.Ordinal);
        // Restore, import and operations ask for what only a call can say.
        var containers = builder.Resources
            .Where(resource => resource.IsContainer() && resource.Name is not ("quickstart" or "mlflow-restore" or "mlflow-import" or "mlflow-operation"));
        foreach (var container in containers.OrderBy(resource => resource.Name, StringComparer.Ordinal))
        {
            await AppendAsync(text, builder, container, volumes);
        }

        await AppendBlobContainerAsync(text, builder);
        text.AppendLine("volumes:");
        foreach (var volume in volumes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {volume}:");
        }

        return text.ToString();
    }

    private static async Task AppendAsync(StringBuilder text, IDistributedApplicationBuilder builder, IResource container, SortedSet<string> volumes)
    {
        var image = container.Annotations.OfType<ContainerImageAnnotation>().Last();
        text.AppendLine(CultureInfo.InvariantCulture, $"  {container.Name}:");
        AppendImage(text, image);

        var arguments = await container.ArgumentsAsync(builder);
        // Two runs of one compose project are one: nothing has to keep a second container from a volume.
        Append(text, "command", arguments is ["/exclusive-volume", ..] ? arguments[3..] : arguments);
        if (container.HasAnnotationOfType<ExplicitStartupAnnotation>())
        {
            Append(text, "profiles", ["tools"]);
        }

        Append(text, await EnvironmentAsync(container, builder));
        foreach (var setting in Settings(await container.RuntimeArgumentsAsync()))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"    {setting}");
        }

        Append(text, "volumes", [.. container.Annotations.OfType<ContainerMountAnnotation>().Select(mount =>
        {
            // A folder of the app host's is a volume here: containers of other users write into it.
            var volume = mount.Type == ContainerMountType.BindMount ? mount.Target.Trim('/') : VolumePrefix().Replace(mount.Source!, "");
            volumes.Add(volume);
            return $"{volume}:{mount.Target}";
        })]);
        if (container is MlflowServerResource)
        {
            Append(text, "ports", [$"127.0.0.1:{Port}:5000"]);
        }

        if (container.HasAnnotationOfType<HealthCheckAnnotation>())
        {
            text.AppendLine("    healthcheck:");
            text.AppendLine(CultureInfo.InvariantCulture, $"      test: {Json(s_healthChecks[container.Name])}");
            text.AppendLine("      interval: 5s\n      timeout: 5s\n      retries: 60");
            text.AppendLine("    restart: unless-stopped");
        }

        AppendDependencies(text, container);
    }

    private static async Task<SortedDictionary<string, string>> EnvironmentAsync(IResource container, IDistributedApplicationBuilder builder)
    {
        SortedDictionary<string, string> environment = new(StringComparer.Ordinal);
        foreach (var (name, value) in await container.EnvironmentAsync(builder))
        {
            // The names of this network are those of the services.
            var inNetwork = string.Join(',', value.Replace(".dev.internal", "", StringComparison.Ordinal).Split(',').Distinct());
            environment[name] = OnMachine().Replace(inNetwork, Address);
        }

        if (container is PostgresServerResource)
        {
            // Aspire makes the database when the server is ready.
            environment["POSTGRES_DB"] = "mlflow";
        }

        return environment;
    }

    private static IEnumerable<string> Settings(string[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--read-only":
                    yield return "read_only: true";
                    break;
                case "--tmpfs":
                    yield return $"tmpfs: {Json([arguments[++i]])}";
                    break;
                case "--cap-drop":
                    yield return $"cap_drop: {Json([arguments[++i]])}";
                    break;
                case "--security-opt":
                    yield return $"security_opt: {Json([arguments[++i]])}";
                    break;
                case "--entrypoint":
                    i++;
                    break;
                case var memory when memory.StartsWith("--memory=", StringComparison.Ordinal):
                    yield return $"mem_limit: {memory["--memory=".Length..]}";
                    break;
                case var other:
                    throw new InvalidOperationException($"The compose file has nothing yet that stands for {other}.");
            }
        }
    }

    private static void AppendDependencies(StringBuilder text, IResource container)
    {
        SortedDictionary<string, string> dependencies = new(StringComparer.Ordinal);
        foreach (var wait in container.Annotations.OfType<WaitAnnotation>())
        {
            var (service, condition) = (wait.Resource, wait.WaitType) switch
            {
                (AzureBlobStorageContainerResource, _) => (BlobContainer, "service_completed_successfully"),
                (var task, WaitType.WaitForCompletion) => (task.Name, "service_completed_successfully"),
                (IResourceWithParent child, _) => (child.Parent.Name, "service_healthy"),
                var (other, _) => (other.Name, "service_healthy"),
            };
            dependencies[service] = condition;
        }

        AppendDependencies(text, dependencies);
    }

    /// <summary>Azurite's container is made by Aspire when Azurite is ready, and here by a service.</summary>
    private static async Task AppendBlobContainerAsync(StringBuilder text, IDistributedApplicationBuilder builder)
    {
        const string connectionString = "AZURE_STORAGE_CONNECTION_STRING";
        var server = builder.Resources.OfType<MlflowServerResource>().Single();
        var blobs = builder.Resources.OfType<AzureBlobStorageContainerResource>().Single();
        var script = "import os; from azure.storage.blob import BlobServiceClient; "
            + $"c = BlobServiceClient.from_connection_string(os.environ['{connectionString}']).get_container_client('{blobs.BlobContainerName}'); "
            + "c.exists() or c.create_container()";
        text.AppendLine(CultureInfo.InvariantCulture, $"  {BlobContainer}:");
        AppendImage(text, server.Annotations.OfType<ContainerImageAnnotation>().Last());
        Append(text, "command", ["python", "-c", script]);
        Append(text, new SortedDictionary<string, string> { [connectionString] = (await EnvironmentAsync(server, builder))[connectionString] });
        AppendDependencies(text, new SortedDictionary<string, string> { [blobs.Parent.Parent.Name] = "service_healthy" });
    }

    private static void AppendImage(StringBuilder text, ContainerImageAnnotation image)
    {
        if (image.Registry is null)
        {
            text.AppendLine("    build: ../images/mlflow");
        }

        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"    image: {(image.Registry is null ? "" : $"{image.Registry}/")}{image.Image}:{(image.Registry is null ? "compose" : image.Tag)}");
    }

    private static void Append(StringBuilder text, string key, string[] values)
    {
        if (values.Length > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"    {key}: {Json(values)}");
        }
    }

    private static void Append(StringBuilder text, SortedDictionary<string, string> environment)
    {
        if (environment.Count > 0)
        {
            text.AppendLine("    environment:");
            foreach (var (name, value) in environment)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"      {name}: {JsonSerializer.Serialize(value, s_json)}");
            }
        }
    }

    private static void AppendDependencies(StringBuilder text, SortedDictionary<string, string> dependencies)
    {
        if (dependencies.Count > 0)
        {
            text.AppendLine("    depends_on:");
            foreach (var (service, condition) in dependencies)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"      {service}:\n        condition: {condition}");
            }
        }

        text.AppendLine();
    }

    private static string Json(string[] values) => $"[{string.Join(", ", values.Select(value => JsonSerializer.Serialize(value, s_json)))}]";

    // Aspire names volumes after the app host and its path.
    [GeneratedRegex("^.*-[0-9a-f]{10}-")]
    private static partial Regex VolumePrefix();

    [GeneratedRegex("http://localhost:[0-9]+")]
    private static partial Regex OnMachine();
}

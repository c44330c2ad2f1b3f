using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.Azure;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace MlflowAspire.Hosting.Azure;

/// <summary>
/// The settings that a deployment keeps for its life, since Azure does not change what comes of them. They are written to <c>deployed.json</c> after a
/// deployment, and each publish compares its own to them: docs/upgrade.md.
/// </summary>
internal static partial class DeployedSettings
{
    /// <summary>The setting that names the file; set where one checkout has several deployments.</summary>
    public const string FileSetting = "Mlflow:DeployedSettings";

    /// <summary>The file, beside deployment.json.</summary>
    public const string DefaultFile = "deployed.json";

    /// <summary>The step that writes the file by itself, for azd's hook.</summary>
    public const string KeepStep = "keep-deployed-settings";

    private const string SectionName = "Deployed";
    private const string KeepAfterDeploymentStep = "keep-settings-of-deployment";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Refuses settings that the deployment cannot be given; nothing is refused when there is no deployment yet.</summary>
    /// <param name="configuration">Where what is deployed is read from.</param>
    /// <param name="mistakes">Notes what is refused.</param>
    /// <param name="settings">The settings.</param>
    public static void Check(IConfiguration configuration, Mistakes mistakes, MlflowSettings settings)
    {
        var deployed = configuration.GetSection(SectionName);
        // A restored server is another one: what it got when it was made is its own.
        var isSameServer = (deployed["Database:Server"] ?? "") == (settings.Database.Server ?? "");
        foreach (var kept in Of(settings).Where(kept => isSameServer || !kept.IsOfServer))
        {
            if (deployed[kept.Key] is { } before && !kept.MayFollow(before))
            {
                mistakes.Reject(
                    kept.Key, kept.Value, $"{kept.Accepted ?? before}, as it is deployed: {kept.Reason}. docs/upgrade.md says how to move; for another "
                    + $"deployment remove {settings.DeployedSettingsFile}");
            }
        }
    }

    /// <summary>Writes the file at the end of each deployment, and by a step of its own.</summary>
    /// <param name="builder">The app host.</param>
    /// <param name="settings">The settings.</param>
    public static void KeepDeployedSettings(this IDistributedApplicationBuilder builder, MlflowSettings settings)
    {
        var path = Path.Combine(builder.AppHostDirectory, settings.DeployedSettingsFile);
        builder.Pipeline.AddStep(KeepStep, KeepAsync);
        builder.Pipeline.AddStep(
            KeepAfterDeploymentStep, KeepAsync, dependsOn: AzureEnvironmentResource.ProvisionInfrastructureStepName, requiredBy: WellKnownPipelineSteps.Deploy);

        async Task KeepAsync(PipelineStepContext context)
        {
            await WriteAsync(path, settings, context.CancellationToken).ConfigureAwait(false);
            LogKept(context.Logger, path);
        }
    }

    /// <summary>Writes the file.</summary>
    internal static Task WriteAsync(string path, MlflowSettings settings, CancellationToken cancellationToken)
    {
        var values = Of(settings).ToDictionary(kept => kept.Key, kept => kept.Value);
        values.Add("Database:Server", settings.Database.Server ?? "");
        var text = JsonSerializer.Serialize(new Dictionary<string, object> { [SectionName] = values }, s_indented);
        return File.WriteAllTextAsync(path, text + "\n", cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "What this deployment keeps for its life is in {Path}: commit it.")]
    private static partial void LogKept(ILogger logger, string path);

    private static IEnumerable<Kept> Of(MlflowSettings settings)
    {
        var (sizes, network, database) = (settings.Sizes, settings.Network, settings.Database);
        var isInternal = settings.Server.Ingress is IngressMode.Internal;
        yield return new("Ingress", ChoiceName.Of(settings.Server.Ingress), "an environment gets its kind of address when it is made")
        {
            Accepted = isInternal ? "external or environment" : "internal",
            MayFollow = before => before == ChoiceName.Of(IngressMode.Internal) == isInternal,
        };
        yield return new("ZoneRedundancy", Text(sizes.ZoneRedundancy), "an environment gets its zones when it is made, and storage needs a conversion");
        yield return new("Profile", ChoiceName.Of(settings.Profile), "purge protection of the key vault is never switched off")
        {
            MayFollow = before => sizes.VaultPurgeProtection || before != ChoiceName.Of(DeploymentProfile.Production),
        };
        yield return new("Network:Mode", ChoiceName.Of(network.Mode), "an environment stays in its subnet");
        foreach (var (key, range) in new[]
        {
            (nameof(network.AddressSpace), network.AddressSpace), (nameof(network.ContainerAppsSubnet), network.ContainerAppsSubnet),
            (nameof(network.DatabaseSubnet), network.DatabaseSubnet), (nameof(network.PrivateEndpointsSubnet), network.PrivateEndpointsSubnet),
        })
        {
            yield return new($"Network:{key}", range.ToString(), "subnets in use keep their addresses");
        }

        yield return new("Database:Access", ChoiceName.Of(database.Access), "a server gets its subnet when it is made") { IsOfServer = true };
        yield return new("Database:StorageGiB", FormattableString.Invariant($"{sizes.DatabaseStorageGiB}"), "a disk never shrinks")
        {
            MayFollow = before => !int.TryParse(before, out var size) || sizes.DatabaseStorageGiB >= size,
        };
        yield return new("Existing:KeyVault", $"{settings.Existing.KeyVault}", "the generated secrets stay in their vault");
        yield return new("Existing:StorageAccount", $"{settings.Existing.StorageAccount}", "the artifacts stay in their account");
        yield return new("Storage:Path", settings.Storage.Path ?? "", "the artifacts stay below their path");
        yield return new("GeoRedundancy", Text(sizes.GeoRedundancy), "backups get their region when the server is made") { IsOfServer = true };
    }

    private static string Text(bool flag) => flag ? "true" : "false";

    /// <summary>A setting that is kept.</summary>
    /// <param name="Key">Its name below the section.</param>
    /// <param name="Value">Its value.</param>
    /// <param name="Reason">Why it stays.</param>
    private sealed record Kept(string Key, string Value, string Reason)
    {
        /// <summary>What is accepted, when that is not only the value that is deployed.</summary>
        public string? Accepted { get; init; }

        /// <summary>Whether it belongs to the database server.</summary>
        public bool IsOfServer { get; init; }

        /// <summary>Whether the value may follow another one.</summary>
        public Func<string, bool> MayFollow { get; init; } = before => before == Value;
    }
}

using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting.Azure;

namespace MlflowAspire.Tests.Publish;

/// <summary>docs/upgrade.md says what becomes of a changed setting: what the evaluated resources before and after the change show.</summary>
[Trait("Category", "Publish")]
public sealed partial class UpgradeTests
{
    private const string Applied = "applied";
    private const string ByHand = "by hand";
    private const string NotInPlace = "not in place";
    private const string Server = "Microsoft.DBforPostgreSQL/flexibleServers";
    private const string Environment = "Microsoft.App/managedEnvironments";

    // What goes on acting when a deployment does not name it any more.
    private static readonly HashSet<string> s_acting =
    [
        "Microsoft.App/containerApps", "Microsoft.App/jobs", "Microsoft.App/containerApps/authConfigs", "Microsoft.Authorization/roleAssignments",
            $"{Server}/administrators",
    ];

    // What holds data.
    private static readonly HashSet<string> s_stateful =
    [
        Server, $"{Server}/databases", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/blobServices/containers",
            "Microsoft.KeyVault/vaults",
        "Microsoft.OperationalInsights/workspaces", "Microsoft.ContainerRegistry/registries", "Microsoft.ManagedIdentity/userAssignedIdentities",
    ];

    // What Azure does not change in place.
    private static readonly HashSet<(string Type, string Path)> s_fixed =
    [
        (Server, "properties.backup.geoRedundantBackup"),
        (Server, "properties.network.delegatedSubnetResourceId"),
        (Environment, "properties.vnetConfiguration.infrastructureSubnetId"),
        (Environment, "properties.vnetConfiguration.internal"),
        (Environment, "properties.zoneRedundant"),
        ("Microsoft.Network/virtualNetworks/subnets", "properties.addressPrefix"),
    ];

    /// <summary>The lines of the table.</summary>
    public static TheoryData<string, string, string> Changes
    {
        get
        {
            var changes = new TheoryData<string, string, string>();
            foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "docs", "upgrade.md")))
            {
                if (Line().Match(line) is { Success: true } match)
                {
                    changes.Add(match.Groups["from"].Value, match.Groups["to"].Value, match.Groups["outcome"].Value);
                }
            }

            return changes;
        }
    }

    [BicepTheory]
    [MemberData(nameof(Changes))]
    public async Task Change_is_what_the_table_says(string from, string to, string outcome)
    {
        var (before, after) = (await DeployAsync(from), await DeployAsync(to));
        var left = before.Resources.ExceptBy(after.Resources.Select(Key), Key).Where(resource => s_acting.Contains(resource.Type))
            .Select(resource => $"goes on: {resource}").ToList();
        var changes = before.Resources.Join(after.Resources, Key, Key, Changed).SelectMany(changes => changes).ToList();
        var refused = changes.Where(change => change.Refused).Select(change => change.Text).ToList();
        var lost = changes.Where(change => !change.Refused).Select(change => change.Text).ToList();

        var found = refused.Count > 0 ? NotInPlace : left.Count + lost.Count > 0 ? ByHand : Applied;
        Assert.True(found == outcome,
            $"{from} to {to} is '{found}' where docs/upgrade.md says '{outcome}':\n{string.Join('\n', [.. refused, .. left, .. lost])}");
    }

    [BicepTheory]
    [MemberData(nameof(Changes))]
    public async Task Change_renames_nothing_that_holds_data(string from, string to, string outcome)
    {
        var (before, after) = (await DeployAsync(from), await DeployAsync(to));

        var gone = before.Resources.Where(resource => s_stateful.Contains(resource.Type)).ExceptBy(after.Resources.Select(Key), Key).ToList();
        // A database that another sign-in does not use is left as it is.
        Assert.True(gone.All(resource => resource is { Type: $"{Server}/databases", Name: "mlflow_auth" }),
            $"{from} to {to} ({outcome}): {string.Join(", ", gone)}");
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Publishing_refuses_what_is_not_in_place_and_nothing_else(string from, string to, string outcome)
    {
        var file = Path.GetTempFileName();
        try
        {
            await DeployedSettings.WriteAsync(file, Read(null, from), CancellationToken.None);
            var failure = Record.Exception(() => Read(file, to));

            if (outcome == NotInPlace)
            {
                Assert.Contains(", as it is deployed: ", Assert.IsType<SettingsException>(failure).Message, StringComparison.Ordinal);
            }
            else
            {
                Assert.Null(failure);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("GeoRedundancy=true")]
    [InlineData("Database:Access=delegated-subnet")]
    public async Task A_restored_server_may_be_what_the_first_one_could_not_become(string change)
    {
        var file = Path.GetTempFileName();
        try
        {
            await DeployedSettings.WriteAsync(file, Read(null), CancellationToken.None);

            Assert.Throws<SettingsException>(() => Read(file, change));
            Assert.Equal("mlflow-restored", Read(file, change, "Database:Server=mlflow-restored").Database.Server);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_publish_after_the_deployment_is_refused_with_each_setting_and_its_reason()
    {
        var file = Path.GetTempFileName();
        try
        {
            await DeployedSettings.WriteAsync(file, Read(null), CancellationToken.None);

            await PublishedApp.PublishAsync("Replicas=2", $"DeployedSettings={file}");

            var wrong = await Assert.ThrowsAsync<SettingsException>(() => PublishedApp.PublishAsync("Profile=development", $"DeployedSettings={file}"));
            foreach (var line in new[]
            {
                "Mlflow:ZoneRedundancy is 'false'; accepted: true, as it is deployed: an environment gets its zones when it is made",
                "Mlflow:Database:StorageGiB is '32'; accepted: 128, as it is deployed: a disk never shrinks",
                "Mlflow:Profile is 'development'; accepted: production",
            })
            {
                Assert.Contains(line, wrong.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Table_has_the_three_outcomes() =>
        Assert.Equal([Applied, ByHand, NotInPlace], Changes.Select(change => (string)change[2]).Distinct().Order(StringComparer.Ordinal));

    /// <summary>Reads settings after a deployment that has left a file, or before the first one.</summary>
    internal static MlflowSettings Read(string? deployed, params string[] settings)
    {
        var values = settings.SelectMany(WithOthers).Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => $"Mlflow:{pair[0]}", pair => (string?)pair[1]);
        values.TryAdd("Mlflow:SignIn", "basic");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values);
        return MlflowSettings.Read((deployed is null ? configuration : configuration.AddJsonFile(deployed)).Build(), isPublishing: true);
    }

    private static async Task<Deployment> DeployAsync(string setting) => await Deployment.GetAsync(WithOthers(setting));

    /// <summary>A setting with what it asks for.</summary>
    private static string[] WithOthers(string setting)
    {
        string[] others = setting switch
        {
            "SignIn=entra" or "SignIn=oidc" => ["Oidc:TenantId=6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10", "Oidc:ClientId=mlflow"],
            "SignIn=none" => ["AllowAnonymous=true"],
            "JobQueue=redis" => ["Jobs=true", "Replicas=3"],
            _ => [],
        };
        return [setting, .. others];
    }

    private static string Key(DeployedResource resource) => $"{resource.Type} {resource.Id}";

    /// <summary>What of a change Azure refuses, and what it loses.</summary>
    private static IEnumerable<(bool Refused, string Text)> Changed(DeployedResource before, DeployedResource after)
    {
        foreach (var path in before.Values.Keys.Union(after.Values.Keys).Where(path => before[path] != after[path]))
        {
            var (old, @new) = (before[path], after[path]);
            var text = $"{before}: {path}: {old ?? "none"} to {@new ?? "none"}";
            if (s_fixed.Contains((before.Type, path))
                || (path == "properties.storage.storageSizeGB" && Number(@new) < Number(old))
                || (before.Type == "Microsoft.Storage/storageAccounts" && path == "sku.name" && IsZoned(old) != IsZoned(@new))
                || (path == "properties.enablePurgeProtection" && old == "true")
                // Artifacts stay where they are.
                || (IsBlobs(old) && IsBlobs(@new)))
            {
                yield return (true, text);
            }
            else if (path is "properties.authConfig.passwordAuth" || (Retention().IsMatch(path) && Number(@new) < Number(old)))
            {
                yield return (false, text);
            }
        }

        static int Number(string? text) => int.TryParse(text, out var number) ? number : 0;

        static bool IsBlobs(string? value) => value?.Contains("wasbs://", StringComparison.Ordinal) is true;

        static bool IsZoned(string? sku) => sku?.Contains("ZRS", StringComparison.Ordinal) is true;
    }

    [GeneratedRegex(@"^\| `(?<from>[^`]+)` \| `(?<to>[^`]+)` \| (?<outcome>[a-z ]+) \|")]
    private static partial Regex Line();

    [GeneratedRegex(
        @"^properties\.(backup\.backupRetentionDays|retentionInDays|restorePolicy\.days|deleteRetentionPolicy\.days|containerDeleteRetentionPolicy\.days"
            + @"|policy\.rules\[\d\]\.definition\.actions\.baseBlob\.delete\.daysAfterModificationGreaterThan)$")]
    private static partial Regex Retention();
}

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>docs/cost.md names what is published, and adds up.</summary>
[Trait("Category", "Publish")]
public sealed partial class CostTests
{
    private const decimal PrivateEndpoint = 7.30m;
    private const decimal DnsZone = 0.50m;
    private const decimal MetricAlert = 0.10m;
    private const decimal LogAlert = 1.50m;

    [Theory]
    [InlineData("development", 1)]
    [InlineData("production", 2)]
    public async Task Table_names_what_the_profile_deploys(string profile, int column)
    {
        var app = await PublishedApp.GetAsync($"Profile={profile}");
        var cells = Column(column);

        var server = app.Only("Microsoft.DBforPostgreSQL/flexibleServers");
        var standby = server["properties.highAvailability.mode"] != "'Disabled'";
        Assert.StartsWith($"`{server["sku.name"]!.Trim('\'')}`{(standby ? " and its standby" : "")}:", cells["PostgreSQL"], StringComparison.Ordinal);
        Assert.StartsWith($"{server["properties.storage.storageSizeGB"]} GiB{(standby ? ", twice" : "")}:", cells["PostgreSQL's disk"], StringComparison.Ordinal);
        var zones = app.Only("Microsoft.Storage/storageAccounts")["sku.name"] == "'Standard_ZRS'";
        Assert.Contains(zones ? "zone-redundant" : "locally redundant", cells["artifacts (an example)"], StringComparison.Ordinal);
        Assert.StartsWith($"{app.Only("Microsoft.ContainerRegistry/registries")["sku.name"]!.Trim('\'')}:", cells["container registry"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("development", 1)]
    [InlineData("production", 2)]
    public async Task Table_counts_what_the_profile_deploys(string profile, int column)
    {
        var app = await PublishedApp.GetAsync($"Profile={profile}");
        var cells = Column(column);

        Assert.Equal(Count("Microsoft.Network/privateEndpoints") * PrivateEndpoint, Amount(cells["private endpoints: PostgreSQL, blobs, key vault"]));
        Assert.Equal(Count("Microsoft.Network/privateDnsZones") * DnsZone, Amount(cells["private DNS zones: three"]));
        Assert.Equal(Rules("metricAlertRules") * MetricAlert + Rules("logAlertRules") * LogAlert, Amount(cells["alerts: five on metrics, three on logs"]));

        int Count(string type) => app.Resources.Count(resource => resource.Type == type);

        // Loops make the alerts, of a list of rules each.
        int Rules(string list) => app.Files["monitoring.module.bicep"].Split($"var {list} = [\n")[1].Split("\n]")[0].Split('\n').Count(line => line == "  {");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sums_are_right(int column)
    {
        var cells = Column(column);
        var fixedPart = cells.Where(cell => !cell.Key.Contains("sum", StringComparison.Ordinal) && !cell.Key.StartsWith("server", StringComparison.Ordinal)).Sum(cell => Amount(cell.Value));
        var (idle, busy) = Amounts().Matches(cells["server, 1 vCPU and 2 GiB"]) switch { [var first, var second] => (Amount(first.Value), Amount(second.Value)), _ => default };

        Assert.Equal(fixedPart + idle, Amount(cells["**sum, server idle**"]));
        Assert.Equal(fixedPart + busy, Amount(cells["**sum, server always busy**"]));
    }

    private static Dictionary<string, string> Column(int column) => File.ReadLines(Document())
        .SkipWhile(line => !line.StartsWith("| PostgreSQL |", StringComparison.Ordinal))
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(cells => cells[1], cells => cells[column + 1]);

    private static decimal Amount(string cell) => decimal.Parse(Amounts().Matches(cell)[^1].Value, CultureInfo.InvariantCulture);

    private static string Document([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "docs", "cost.md");

    [GeneratedRegex(@"\d+\.\d\d")]
    private static partial Regex Amounts();
}

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
    private const decimal WebTestCall = 0.0006m;
    private const int Hours = 730;

    [BicepTheory]
    [InlineData("development", 1)]
    [InlineData("production", 2)]
    public async Task Table_names_what_the_profile_deploys(string profile, int column)
    {
        var deployment = await Deployment.GetAsync($"Profile={profile}");
        var cells = Column(column);

        var server = deployment.Only("Microsoft.DBforPostgreSQL/flexibleServers");
        var standby = server["properties.highAvailability.mode"] != "Disabled";
        Assert.StartsWith($"`{server["sku.name"]}`{(standby ? " and its standby" : "")}:", cells["PostgreSQL"], StringComparison.Ordinal);
        Assert.StartsWith($"{server["properties.storage.storageSizeGB"]} GiB{(standby ? ", twice" : "")}:", cells["PostgreSQL's disk"],
            StringComparison.Ordinal);
        var zones = deployment.Only("Microsoft.Storage/storageAccounts")["sku.name"] == "Standard_ZRS";
        Assert.Contains(zones ? "zone-redundant" : "locally redundant", cells["artifacts (an example)"], StringComparison.Ordinal);
        Assert.StartsWith($"{deployment.Only("Microsoft.ContainerRegistry/registries")["sku.name"]}:", cells["container registry"], StringComparison.Ordinal);
    }

    [BicepTheory]
    [InlineData("development", 1)]
    [InlineData("production", 2)]
    public async Task Table_counts_what_the_profile_deploys(string profile, int column)
    {
        var deployment = await Deployment.GetAsync($"Profile={profile}");
        var cells = Column(column);

        Assert.Equal(Count("Microsoft.Network/privateEndpoints") * PrivateEndpoint, Amount(cells["private endpoints: PostgreSQL, blobs, key vault"]));
        Assert.Equal(Count("Microsoft.Network/privateDnsZones") * DnsZone, Amount(cells["private DNS zones: three"]));
        Assert.Equal(
            (Count("Microsoft.Insights/metricAlerts") * MetricAlert) + (Count("Microsoft.Insights/scheduledQueryRules") * LogAlert),
            Amount(cells["alerts: seven on metrics, four on logs"]));

        var webTest = deployment.Only("Microsoft.Insights/webtests");
        var calls = webTest.List("properties.Locations").Count * Hours * 3600 / int.Parse(webTest["properties.Frequency"]!, CultureInfo.InvariantCulture);
        Assert.Equal(calls * WebTestCall, Amount(cells["calls of the public address, from five places"]));

        int Count(string type) => deployment.All(type).Count;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sums_are_right(int column)
    {
        var cells = Column(column);
        var fixedPart = cells
            .Where(cell => !cell.Key.Contains("sum", StringComparison.Ordinal) && !cell.Key.StartsWith("server", StringComparison.Ordinal))
            .Sum(cell => Amount(cell.Value));
        var (idle, busy) = Amounts().Matches(cells["server, 1 vCPU and 2 GiB"]) switch
        {
            [var first, var second] => (Amount(first.Value), Amount(second.Value)),
            _ => default,
        };

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

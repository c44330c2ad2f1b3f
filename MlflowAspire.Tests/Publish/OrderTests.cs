using System.Text.RegularExpressions;

namespace MlflowAspire.Tests.Publish;

/// <summary>Azure deploys side by side what does not wait for another; some services take one operation at a time.</summary>
[Trait("Category", "Publish")]
public sealed partial class OrderTests
{
    public static TheoryData<string> All => Variants.Names;

    [BicepTheory]
    [MemberData(nameof(All))]
    public async Task Operations_on_the_same_thing_wait_for_each_other(string variant)
    {
        var order = await (await Variants.DeployAsync(variant)).OrderAsync();
        var operations = order.Steps.SelectMany(step => LocksOf(step).Select(name => (Lock: name, Step: step)))
            .ToLookup(operation => operation.Lock, operation => operation.Step);
        Assert.True(operations["PostgreSQL"].Count() >= 3, "The operations on PostgreSQL have not been found.");

        var parallel = operations.SelectMany(users => users.SelectMany((one, i) => users.Skip(i + 1)
            .Where(other => !order.IsAfter(one, other) && !order.IsAfter(other, one))
            .Select(other => $"{users.Key}: {one} beside {other}"))).ToList();

        Assert.True(parallel is [], string.Join('\n', parallel));
    }

    /// <summary>What no other operation may change at the same time.</summary>
    private static IEnumerable<string> LocksOf(DeploymentStep step)
    {
        var (type, text) = (step.Node.Type, step.Node.Declaration);
        if (type.StartsWith("Microsoft.DBforPostgreSQL/", StringComparison.Ordinal)
            || (type == "Microsoft.Insights/diagnosticSettings" && text.Contains("scope: postgres", StringComparison.Ordinal))
            || (type == "Microsoft.Network/privateEndpoints" && text.Contains("privateLinkServiceId: postgres", StringComparison.Ordinal)))
        {
            yield return "PostgreSQL";
        }

        switch (type)
        {
            case "Microsoft.Network/virtualNetworks/subnets":
                yield return "subnets of the network";
                break;
            case "Microsoft.Network/privateDnsZones/virtualNetworkLinks":
                yield return "links of the network";
                break;
            case "Microsoft.Network/privateEndpoints":
                yield return $"private endpoints in {SubnetReference().Match(text).Groups["subnet"].Value}";
                break;
            case "Microsoft.Network/networkSecurityGroups/securityRules":
                yield return $"rules of {step.Module}";
                break;
            case var child when child.StartsWith("Microsoft.Storage/storageAccounts/", StringComparison.Ordinal):
                yield return $"the storage account of {step.Module}";
                break;
        }
    }

    [GeneratedRegex(@"subnet: \{\s+id: (?<subnet>\w+)")]
    private static partial Regex SubnetReference();
}

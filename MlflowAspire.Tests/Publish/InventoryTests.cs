namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class InventoryTests
{
    [BicepFact]
    public async Task Production_deploys_what_is_listed_and_nothing_else()
    {
        var deployed = (await Variants.DeployAsync(Variants.Production)).Resources
            // Azure computes the names of some, which are only counted.
            .Select(resource => $"{resource.Type} {(resource.Name.StartsWith('[') ? "?" : resource.Name)}")
            .Order(StringComparer.Ordinal);

        Snapshot.Verify("production.txt", string.Join('\n', deployed));
    }
}

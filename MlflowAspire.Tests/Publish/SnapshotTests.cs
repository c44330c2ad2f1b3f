namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SnapshotTests
{
    public static TheoryData<string> Others => Variants.Others;

    [Fact]
    public async Task Production_is_as_reviewed() => Snapshot.Verify(Variants.Production, (await Variants.PublishAsync(Variants.Production)).Files);

    [BicepTheory]
    [MemberData(nameof(Others))]
    public async Task Variant_differs_from_production_as_reviewed(string variant) => Snapshot.Verify(
        $"{variant}.txt", ResourceDifference.Between(await Variants.DeployAsync(Variants.Production), await Variants.DeployAsync(variant)));

    [Fact]
    public async Task Publishing_twice_gives_the_same_bytes() =>
        Assert.Equal((await PublishedApp.GetAsync()).Files, (await PublishedApp.PublishAsync()).Files);
}

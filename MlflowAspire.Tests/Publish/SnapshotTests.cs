namespace MlflowAspire.Tests.Publish;

[Trait("Category", "Publish")]
public sealed class SnapshotTests
{
    /// <summary>The variants beside <c>production</c>, which all settings' defaults make.</summary>
    public static TheoryData<string, string[]> Variants => new()
    {
        { "development", ["Profile=development"] },
        { "existing-network", ["Network:Mode=existing"] },
    };

    [Fact]
    public async Task Production_is_as_reviewed() => Snapshot.Verify("production", await PublishedApp.GetAsync());

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Variant_differs_from_production_as_reviewed(string variant, string[] settings) =>
        Snapshot.Verify(variant, await PublishedApp.GetAsync(settings), baseline: await PublishedApp.GetAsync());

    [Fact]
    public async Task Publishing_twice_gives_the_same_bytes() =>
        Assert.Equal((await PublishedApp.GetAsync()).Files, (await PublishedApp.PublishAsync()).Files);
}

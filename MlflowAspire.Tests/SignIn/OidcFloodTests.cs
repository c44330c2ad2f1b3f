namespace MlflowAspire.Tests.SignIn;

[Collection(OidcCollection.Name)]
[Trait("Category", "SignIn")]
[Trait("Category", "Rare")]
public class OidcFloodTests(OidcFixture fixture)
{
    private const string Experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0";

    [Fact]
    public async Task A_hundred_bad_tokens_at_once_are_all_refused_and_keep_nobody_out()
    {
        using var member = fixture.CreateClient(await fixture.GetTokenAsync());
        var forged = await fixture.GetTokenAsync(endpoint: "forger");
        var expired = await fixture.GetTokenAsync(new() { ["exp"] = 1_700_000_000 });
        await BadLogins.AssertKeepNobodyOutAsync(number => fixture.CreateClient(number % 2 == 0 ? forged : expired), member, Experiment);
    }
}

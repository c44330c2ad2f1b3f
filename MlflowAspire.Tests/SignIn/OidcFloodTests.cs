using System.Net;

namespace MlflowAspire.Tests.SignIn;

[Collection(OidcCollection.Name)]
[Trait("Category", "SignIn")]
public class OidcFloodTests(OidcFixture fixture)
{
    private const string Experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_hundred_bad_tokens_at_once_are_all_refused_and_keep_nobody_out()
    {
        using var member = fixture.CreateClient(await fixture.GetTokenAsync());
        var forged = await fixture.GetTokenAsync(endpoint: "forger");
        var expired = await fixture.GetTokenAsync(new() { ["exp"] = 1_700_000_000 });
        await using var flood = new BadLogins(number => fixture.CreateClient(number % 2 == 0 ? forged : expired), Experiment);

        for (var round = 0; round < 3; round++)
        {
            await flood.AnsweredAsync();
            using var response = await member.GetAsync(Experiment).WaitAsync(s_limit);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        await flood.AnsweredAsync();
        Assert.All(await flood.StopAsync(), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
    }
}

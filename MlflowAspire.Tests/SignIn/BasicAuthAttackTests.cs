namespace MlflowAspire.Tests.SignIn;

[Collection(BasicAuthCollection.Name)]
[Trait("Category", "SignIn")]
public class BasicAuthAttackTests(BasicAuthFixture fixture) : AttackTests(fixture.Stack)
{
    protected override IReadOnlyList<string> OpenRoutes { get; } =
    [
        "GET /health 200", "HEAD /health 200", "OPTIONS /health 200",
        // How the server is configured, in general terms.
        .. from path in new[] { "/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/server-info" }
           from answer in new[] { "GET {0} 200", "HEAD {0} 200", "OPTIONS {0} 204" }
           select string.Format(null, answer, path),
        // The page's scripts, which are those of every MLflow.
        "GET /static-files/<path:path> 404", "HEAD /static-files/<path:path> 404", "OPTIONS /static-files/<path:path> 200",
    ];

    protected override Task<HttpClient> SignInAsync() => Task.FromResult(fixture.CreateAdminClient());
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

/// <summary>A PostgreSQL server that is no resource of the app host.</summary>
[Trait("Category", "Model")]
public class ExternalDatabaseTests
{
    [Fact]
    public async Task Server_and_tasks_sign_in_without_a_secret_in_the_uri()
    {
        var builder = TestModel.Create();
        var server = Add(builder, ReferenceExpression.Create($"postgresql://db.example.com:5433/ml-flow?sslmode=verify-full&sslrootcert=system")).Resource;

        foreach (IResource resource in new IResource[] { server, server.Migration, server.GarbageCollection })
        {
            var environment = await resource.EnvironmentAsync(builder);
            Assert.Equal("postgresql+psycopg2://db.example.com:5433/ml-flow?sslmode=verify-full&sslrootcert=system", environment["MLFLOW_BACKEND_STORE_URI"]);
            Assert.Equal(("mluser", "p@ss:/%1"), (environment["PGUSER"], environment["PGPASSWORD"]));
        }
    }

    [Fact]
    public async Task Users_are_in_a_second_database_of_the_same_server()
    {
        var builder = TestModel.Create();
        var host = builder.AddParameter("database-host", "db.example.com");
        var server = Add(builder, ReferenceExpression.Create($"postgresql://{host}/mlflow?sslmode=require")).WithBasicAuth().Resource;

        foreach (IResource resource in new IResource[] { server, server.Migration })
        {
            var environment = await resource.EnvironmentAsync(builder);
            Assert.Equal("postgresql+psycopg2://db.example.com/mlflow?sslmode=require", environment["MLFLOW_BACKEND_STORE_URI"]);
            Assert.Equal("postgresql+psycopg2://db.example.com/mlflow_auth?sslmode=require", environment["MLFLOW_AUTH_DATABASE_URI"]);
        }
    }

    [Fact]
    public async Task It_is_published_with_references_to_its_parameters()
    {
        var builder = TestModel.Create("--publisher", "manifest", "--output-path", "unused");
        var host = builder.AddParameter("database-host");
        var server = Add(builder, ReferenceExpression.Create($"postgresql://{host}:5432/mlflow"), value: null)
            .WithKeyVault(builder.AddAzureKeyVault("vault")).Resource;

        var environment = await server.EnvironmentAsync(builder);
        Assert.Equal("postgresql+psycopg2://{database-host.value}:5432/mlflow", environment["MLFLOW_BACKEND_STORE_URI"]);
        Assert.Equal(("{database-user.value}", "{vault.secrets.database-password}"), (environment["PGUSER"], environment["PGPASSWORD"]));
    }

    [Theory]
    [InlineData("mysql://db.example.com/mlflow")]
    [InlineData("postgresql://db.example.com")]
    [InlineData("postgresql://mluser:secret@db.example.com/mlflow")]
    [InlineData("postgresql://db.example.com/mlflow?sslmode=require&password=secret")]
    [InlineData("Host=db.example.com;Database=mlflow")]
    public void What_is_no_uri_of_a_database_or_holds_credentials_is_refused(string uri)
    {
        var text = new ReferenceExpressionBuilder();
        text.AppendLiteral(uri);
        var exception = Assert.Throws<ArgumentException>(() => Add(TestModel.Create(), text.Build()));
        Assert.StartsWith($"uri (MLFLOW_BACKEND_STORE_URI) is '{uri}'; accepted: postgresql://", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_password_is_a_secret_and_the_store_the_only_one()
    {
        var builder = TestModel.Create();
        var name = builder.AddParameter("name", "mlflow_a");
        var uri = ReferenceExpression.Create($"postgresql://db.example.com/mlflow");
        var mlflow = builder.AddMlflow("mlflow");

        Assert.Contains(
            "'name' is not a secret", Assert.Throws<ArgumentException>(() => mlflow.WithBackendStore(uri, name, name)).Message, StringComparison.Ordinal);
        var password = builder.AddParameter("password", secret: true);
        mlflow.WithBackendStore(uri, name, password);
        var second = Assert.Throws<InvalidOperationException>(() => mlflow.WithBackendStore(uri, name, password));
        Assert.Contains("'postgresql+psycopg2://db.example.com/mlflow' already", second.Message, StringComparison.Ordinal);
    }

    private static IResourceBuilder<MlflowServerResource> Add(IDistributedApplicationBuilder builder, ReferenceExpression uri, string? value = "p@ss:/%1") =>
        builder.AddMlflow("mlflow").WithBackendStore(
            uri,
            value is null ? builder.AddParameter("database-user") : builder.AddParameter("database-user", "mluser"),
            value is null ? builder.AddParameter("database-password", secret: true) : builder.AddParameter("database-password", value, secret: true));
}

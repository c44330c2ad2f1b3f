using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class StoreTests
{
    [Fact]
    public async Task The_database_is_reached_without_a_secret_in_the_uri()
    {
        var model = TestModel.ToRun();
        var server = model.AddMlflow().Resource;

        foreach (IResource resource in new IResource[] { server, server.Migration, server.GarbageCollection })
        {
            var environment = await resource.EnvironmentAsync(model.Builder);
            Assert.Equal("postgresql+psycopg2://postgres.dev.internal:5432/mlflow", environment["MLFLOW_BACKEND_STORE_URI"]);
            Assert.Equal("postgres", environment["PGUSER"]);
            Assert.Equal("p@ss:w/rd%1", environment["PGPASSWORD"]);
        }
    }

    [Fact]
    public async Task A_role_of_its_own_takes_the_place_of_the_administrator()
    {
        var model = TestModel.ToRun();
        var server = WithRole(model).Resource;

        foreach (IResource resource in new IResource[] { server, server.Migration, server.GarbageCollection })
        {
            var environment = await resource.EnvironmentAsync(model.Builder);
            Assert.Equal(("mlflow_a", "r@le:/%1"), (environment["PGUSER"], environment["PGPASSWORD"]));
        }
    }

    [Fact]
    public async Task A_role_needs_a_secret_and_a_server_that_takes_passwords()
    {
        var model = TestModel.ToRun();
        var name = model.Builder.AddParameter("name", "mlflow_a");
        Assert.Contains(
            "'name' is not a secret", Assert.Throws<ArgumentException>(() => model.AddMlflow().WithDatabaseRole(name, name)).Message, StringComparison.Ordinal);

        var azure = TestModel.ToPublish();
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => WithRole(azure).Resource.EnvironmentAsync(azure.Builder));
        Assert.Contains("'postgres' takes Microsoft Entra identities", thrown.Message, StringComparison.Ordinal);
    }

    private static IResourceBuilder<MlflowServerResource> WithRole(TestModel model) => model.AddMlflow().WithDatabaseRole(
        model.Builder.AddParameter("database-user", "mlflow_a"), model.Builder.AddParameter("database-password", "r@le:/%1", secret: true));

    [Fact]
    public async Task A_plain_postgresql_container_serves_as_well()
    {
        var builder = TestModel.Create();
        var database = builder.AddPostgres("postgres", builder.AddParameter("user", "mluser")).AddDatabase("db", "ml flow");
        var server = builder.AddMlflow("mlflow").WithBackendStore(database).Resource;

        var environment = await server.EnvironmentAsync(builder);
        Assert.Equal("postgresql+psycopg2://postgres.dev.internal:5432/ml%20flow", environment["MLFLOW_BACKEND_STORE_URI"]);
        Assert.Equal("mluser", environment["PGUSER"]);
    }

    [Fact]
    public async Task In_azure_the_server_signs_in_to_the_database_with_its_identity()
    {
        var model = TestModel.ToPublish();
        var environment = await model.AddMlflow().Resource.EnvironmentAsync(model.Builder);

        Assert.Equal(
            "postgresql+psycopg2://{postgres.outputs.hostName}:5432/mlflow?sslmode=verify-full&sslrootcert=system&plugin=entra",
            environment["MLFLOW_BACKEND_STORE_URI"]);
        Assert.DoesNotContain("PGPASSWORD", environment.Keys);
    }

    [Fact]
    public async Task Locally_artifacts_go_to_the_emulator_by_its_connection_string()
    {
        var model = TestModel.ToRun();
        var environment = await model.AddMlflow().Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("wasbs://mlflow@devstoreaccount1.blob.core.windows.net", environment["MLFLOW_ARTIFACTS_DESTINATION"]);
        Assert.Contains(
            "BlobEndpoint=http://storage.dev.internal:10000/devstoreaccount1", environment["AZURE_STORAGE_CONNECTION_STRING"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_azure_artifacts_go_to_the_account_by_identity_and_in_no_other_way()
    {
        var model = TestModel.ToPublish();
        var environment = await model.AddMlflow().Resource.EnvironmentAsync(model.Builder);

        Assert.Equal("wasbs://mlflow@{storage.outputs.blobHost}", environment["MLFLOW_ARTIFACTS_DESTINATION"]);
        Assert.DoesNotContain("AZURE_STORAGE_CONNECTION_STRING", environment.Keys);
        Assert.DoesNotContain("AZURE_STORAGE_ACCESS_KEY", environment.Keys);
    }

    [Fact]
    public async Task Artifacts_go_below_the_path_of_the_container()
    {
        Assert.Equal("wasbs://mlflow@devstoreaccount1.blob.core.windows.net/teams/vision", await DestinationAsync(TestModel.ToRun()));
        Assert.Equal("wasbs://mlflow@{storage.outputs.blobHost}/teams/vision", await DestinationAsync(TestModel.ToPublish()));

        static async Task<string> DestinationAsync(TestModel model)
        {
            var mlflow = model.Builder.AddMlflow("mlflow").WithBackendStore(model.Database).WithArtifactStore(model.Artifacts, "teams/vision");
            var server = await mlflow.Resource.EnvironmentAsync(model.Builder);
            var garbageCollection = await mlflow.Resource.GarbageCollection.EnvironmentAsync(model.Builder);
            Assert.Equal(server["MLFLOW_ARTIFACTS_DESTINATION"], garbageCollection["MLFLOW_ARTIFACTS_DESTINATION"]);
            return server["MLFLOW_ARTIFACTS_DESTINATION"];
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/teams")]
    [InlineData("teams/../other")]
    [InlineData("a team")]
    public void A_path_that_MLflow_would_not_take_as_it_is_is_refused(string path)
    {
        var model = TestModel.ToRun();
        var wrong = Assert.Throws<ArgumentException>(() => model.Builder.AddMlflow("mlflow").WithArtifactStore(model.Artifacts, path));
        Assert.StartsWith($"path (MLFLOW_ARTIFACTS_DESTINATION) is '{path}'; accepted: folders separated by '/'", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_access_key_is_for_azure_alone()
    {
        var local = TestModel.ToRun();
        var environment = await WithKey(local).Resource.EnvironmentAsync(local.Builder);
        Assert.DoesNotContain("AZURE_STORAGE_ACCESS_KEY", environment.Keys);

        var azure = TestModel.ToPublish();
        environment = await WithKey(azure).Resource.EnvironmentAsync(azure.Builder);
        Assert.Equal("{vault.secrets.storage-access-key}", environment["AZURE_STORAGE_ACCESS_KEY"]);

        static IResourceBuilder<MlflowServerResource> WithKey(TestModel model) =>
            model.AddMlflow().WithArtifactStoreKey(model.Builder.AddAzureKeyVault("vault").GetSecret("storage-access-key"));
    }

    [Fact]
    public void A_second_store_of_a_kind_is_refused()
    {
        var model = TestModel.ToRun();
        var mlflow = model.AddMlflow();

        Assert.Contains(
            "'mlflow-db' already", Assert.Throws<InvalidOperationException>(() => mlflow.WithBackendStore(model.Database)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'artifacts' already", Assert.Throws<InvalidOperationException>(() => mlflow.WithArtifactStore(model.Artifacts)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_azure_the_credentials_of_another_store_are_in_the_key_vault()
    {
        var model = TestModel.ToPublish();
        var mlflow = model.Builder.AddMlflow("mlflow")
            .WithBackendStore(model.Database)
            .WithKeyVault(model.Builder.AddAzureKeyVault("vault"))
            .WithS3ArtifactStore(
                "bucket", new() { AccessKeyId = model.Builder.AddParameter("s3-id"), SecretAccessKey = model.Builder.AddParameter("s3-key", secret: true) });

        var environment = await mlflow.Resource.EnvironmentAsync(model.Builder);
        Assert.Equal("{s3-id.value}", environment["AWS_ACCESS_KEY_ID"]);
        Assert.Equal("{vault.secrets.s3-key}", environment["AWS_SECRET_ACCESS_KEY"]);
    }
}

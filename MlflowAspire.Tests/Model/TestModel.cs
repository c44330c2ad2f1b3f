using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Tests.Model;

/// <summary>An app host with MLflow that is looked at and never started.</summary>
internal sealed class TestModel
{
    private TestModel(IDistributedApplicationBuilder builder)
    {
        Builder = builder;
        Postgres = builder.AddAzurePostgresFlexibleServer("postgres").RunAsContainer();
        Storage = builder.AddAzureStorage("storage").RunAsEmulator();
        Database = Postgres.AddDatabase("mlflow-db", "mlflow");
        Artifacts = Storage.AddBlobContainer("artifacts", "mlflow");
    }

    public IDistributedApplicationBuilder Builder { get; }

    public IResourceBuilder<AzurePostgresFlexibleServerResource> Postgres { get; }

    public IResourceBuilder<AzureStorageResource> Storage { get; }

    public IResourceBuilder<AzurePostgresFlexibleServerDatabaseResource> Database { get; }

    public IResourceBuilder<AzureBlobStorageContainerResource> Artifacts { get; }

    public static TestModel ToRun() => new(Create());

    public static TestModel ToPublish() => new(Create("--publisher", "manifest", "--output-path", "unused"));

    public static IDistributedApplicationBuilder Create(params string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = [.. args, AppHostBuilder.WithoutWatching],
            // It knows where orchestrator and dashboard are, and has no user secrets: what is generated is kept nowhere.
            AssemblyName = typeof(TestModel).Assembly.GetName().Name,
            DisableDashboard = true,
        });
        builder.Configuration.AddInMemoryCollection([
            new("Parameters:postgres-password", "p@ss:w/rd%1"),
            new("Parameters:mlflow-flask-secret-key", "flask-secret-value"),
            new("Parameters:mlflow-kek-passphrase", "kek-secret-value"),
            new("Parameters:mlflow-webhook-key", "webhook-secret-value"),
        ]);
        return builder;
    }

    /// <summary>MLflow on the model's database and blob container.</summary>
    public IResourceBuilder<MlflowServerResource> AddMlflow(int? port = null) =>
        Builder.AddMlflow("mlflow", port).WithBackendStore(Database).WithArtifactStore(Artifacts);
}

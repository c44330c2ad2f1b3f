var builder = DistributedApplication.CreateBuilder(args);
builder.AddAzureContainerAppEnvironment("environment");

// Nothing of the package is called.
builder.AddMlflow("mlflow")
    .WithBackendStore(builder.AddPostgres("postgres").AddDatabase("mlflow-db", "mlflow"))
    .WithS3ArtifactStore("artifacts")
    .WithBasicAuth();

builder.Build().Run();

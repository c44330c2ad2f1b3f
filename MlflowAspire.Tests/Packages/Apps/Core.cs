var builder = DistributedApplication.CreateBuilder(args);

builder.AddMlflow("mlflow")
    .WithBackendStore(builder.AddPostgres("postgres").AddDatabase("mlflow-db", "mlflow"))
    .WithS3ArtifactStore("artifacts")
    .WithBasicAuth();

builder.Build().Run();

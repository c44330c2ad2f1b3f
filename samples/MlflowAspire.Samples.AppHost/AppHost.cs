var builder = DistributedApplication.CreateBuilder(args);

var mlflow = builder.AddMlflow("mlflow", port: 5000)
    .WithBackendStore(builder.AddPostgres("postgres").WithDataVolume().AddDatabase("mlflow-db"))
    .WithVolumeArtifactStore();

// Python: trains a model with scikit-learn, which MLflow logs by itself.
mlflow.AddPythonClient("training", "training.py");

// .NET: logs a run over MLflow's REST API, at the address http://mlflow.
builder.AddProject<Projects.MlflowAspire_Samples_Consumer>("consumer")
    .WithReference(mlflow)
    .WaitFor(mlflow)
    .WithExplicitStart();

builder.Build().Run();

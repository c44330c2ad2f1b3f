using MlflowAspire.Hosting.Azure;

var builder = DistributedApplication.CreateBuilder(args);
var settings = new MlflowSettings { OpenTelemetry = true, SignIn = new() { Mode = SignInMode.Basic } };
var database = builder.AddAzurePostgresFlexibleServer("postgres").RunAsContainer().AddDatabase("mlflow-db", "mlflow");
var artifacts = builder.AddAzureStorage("storage").RunAsEmulator().AddBlobContainer("artifacts", "mlflow");

builder.AddMlflow("mlflow")
    .WithBackendStore(database)
    .WithArtifactStore(artifacts)
    .WithSettings(settings)
    .PublishToPrivateNetwork(settings);

builder.Build().Run();

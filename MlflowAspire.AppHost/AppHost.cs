var builder = DistributedApplication.CreateBuilder(args).WithConsoleLines().WithOneRunAtATime();
var settings = builder.ReadMlflowSettings(args);

// Experiments, runs, models and traces. The local server has the version of the one in Azure.
var database = builder.AddAzurePostgresFlexibleServer("postgres")
    .RunAsContainer(container => container
        .WithImageTag("17.6")
        .WithDataVolume()
        .WithExclusiveVolume("docker-entrypoint.sh", "postgres")
        .WithRestartAfterFailure())
    .AddDatabase("mlflow-db", "mlflow");

// Artifacts.
var artifacts = builder.AddAzureStorage("storage")
    .RunAsEmulator(azurite => azurite
        .WithDataVolume()
        .WithExclusiveVolume()
        .WithRestartAfterFailure()
        // MLflow uses only blobs.
        .WithUrlForEndpoint("queue", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
        .WithUrlForEndpoint("table", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly))
    .AddBlobContainer("artifacts", "mlflow");

var mlflow = builder.AddMlflow("mlflow", settings.Port)
    .WithBackendStore(database)
    .WithArtifactStore(artifacts, settings.Storage.Path)
    .WithSettings(settings);

// In Azure all of it is in one virtual network, behind private endpoints. A local run has no such resources.
mlflow.PublishToPrivateNetwork(settings);

// A client to try it with: start it in the dashboard, then look at MLflow.
mlflow.AddPythonClient("quickstart", "Samples/quickstart.py");

builder.Build().Run();

using Aspire.Hosting.Azure;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

var builder = DistributedApplication.CreateBuilder(args);
using var run = LocalRun.Begin(builder);
var settings = MlflowSettings.Read(builder.ReadSettings(args), builder.ExecutionContext.IsPublishMode);

// Experiments, runs, models and traces. The local server has the version of the one in Azure.
var postgres = builder.AddAzurePostgresFlexibleServer("postgres")
    .RunAsContainer(container => container
        .WithImageTag("17.6")
        .WithDataVolume()
        .WithExclusiveVolume("docker-entrypoint.sh", "postgres")
        .WithRestartAfterFailure());
var database = postgres.AddDatabase("mlflow-db", "mlflow");

// Artifacts.
var storage = builder.AddAzureStorage("storage")
    .RunAsEmulator(azurite => azurite
        .WithDataVolume()
        .WithExclusiveVolume()
        .WithRestartAfterFailure());
var artifacts = storage.AddBlobContainer("artifacts", "mlflow");

var mlflow = builder.AddMlflow("mlflow", settings.Port)
    .WithBackendStore(database)
    .WithArtifactStore(artifacts)
    .WithWorkers(settings.Workers)
    .WithJobs(settings.Jobs)
    .WithAllowedHosts(settings.AllowedHosts)
    .WithArtifactTimeout(settings.ArtifactTimeout)
    .WithSecretVersions(settings.SecretVersions)
    .WithSignIn(settings.SignIn);
if (settings.Database.Role is not DatabaseRole.Administrator)
{
    // Each role has a password of its own in the vault: the revision that is being replaced can still read the other one.
    var role = settings.Database.Role is DatabaseRole.A ? "a" : "b";
    mlflow.WithDatabaseRole(
        builder.AddParameter($"database-user-{role}").WithDescription("The PostgreSQL role that MLflow signs in as."),
        builder.AddParameter($"database-password-{role}", secret: true).WithDescription("The password of the PostgreSQL role that MLflow signs in as."));
}

if (settings.OpenTelemetry)
{
    mlflow.WithOpenTelemetry();
}

// In Azure all of it is in a private network; a local run has no such resources.
if (builder.ExecutionContext.IsPublishMode)
{
    var network = builder.AddMlflowNetwork(settings);
    var workspace = builder.AddMlflowWorkspace(settings);
    var vault = builder.AddMlflowVault(settings, network);
    var identity = builder.AddAzureUserAssignedIdentity("mlflow-identity");
    var environment = builder.AddMlflowEnvironment(settings, network, workspace, identity);

    postgres.PublishInNetwork(network, vault, settings);
    artifacts.PublishInNetwork(network, settings);
    if (settings.Storage.Authentication is StorageAuthentication.AccessKey)
    {
        mlflow.WithArtifactStoreKey(artifacts.KeepAccessKey(vault, settings.Storage.AccessKey));
    }

    mlflow.PublishServer(settings, vault, identity);
    builder.AddMlflowMonitoring(settings, workspace, mlflow, environment, postgres, storage, vault);
}

// A client to try it with: start it in the dashboard, then look at MLflow.
mlflow.AddPythonClient("quickstart", "Samples/quickstart.py");

builder.Build().Run();

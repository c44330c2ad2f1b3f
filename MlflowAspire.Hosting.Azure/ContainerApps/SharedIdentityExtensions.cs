using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>What a server and its tasks run with alike: one identity, in one environment.</summary>
internal static class SharedIdentityExtensions
{
    /// <summary>Gives the server an identity, unless it has one, where it has something to sign in to.</summary>
    public static IResourceBuilder<MlflowServerResource> WithSharedIdentity(this IResourceBuilder<MlflowServerResource> mlflow)
    {
        var server = mlflow.Resource;
        var needsOne = server.BackendStore is AzurePostgresFlexibleServerDatabaseResource
            || server.ArtifactStore is AzureBlobStorageContainerResource
            || server.HasAnnotationOfType<RoleAssignmentAnnotation>();
        return !needsOne || server.HasAnnotationOfType<AppIdentityAnnotation>()
            ? mlflow
            // AddAzureUserAssignedIdentity would add services as well, for which it is too late.
            : mlflow.WithAzureUserAssignedIdentity(
                mlflow.ApplicationBuilder.AddResource(new AzureUserAssignedIdentityResource($"{server.Name}-identity")));
    }

    /// <summary>Runs a task with the identity and in the environment of the server.</summary>
    public static IResourceBuilder<MlflowTaskResource> RunBeside(this IResourceBuilder<MlflowTaskResource> task, MlflowServerResource server)
    {
        if (server.TryGetLastAnnotation<AppIdentityAnnotation>(out var identity))
        {
            task.WithAnnotation(identity);
        }

        return task.InEnvironmentOf(server);
    }

    /// <summary>Puts a task into the environment that the server has been given, where it has been given one.</summary>
    public static IResourceBuilder<MlflowTaskResource> InEnvironmentOf(this IResourceBuilder<MlflowTaskResource> task, MlflowServerResource server) =>
        server.GetComputeEnvironment() is { } environment
            ? task.WithComputeEnvironment(task.ApplicationBuilder.CreateResourceBuilder(environment))
            : task;
}

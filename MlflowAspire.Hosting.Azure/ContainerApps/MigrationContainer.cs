using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The migration of the model as an init container: a revision's server starts after it has ended well.</summary>
internal static class MigrationContainer
{
    /// <summary>An init container with the image of the server and, of its environment, what the migration uses.</summary>
    public static ContainerAppInitContainer Create(
        ContainerAppContainer server, MlflowTaskResource migration, DistributedApplicationExecutionContext executionContext) => new()
    {
        Name = migration.Name,
        Image = server.Image,
        Args = ["migrate"],
        Env = [.. ServerEnvironment.Of(server, ServerEnvironment.NamesOf(migration, executionContext).ToHashSet())],
        Resources = MlflowServerSize.Task.ToContainerResources(),
    };
}

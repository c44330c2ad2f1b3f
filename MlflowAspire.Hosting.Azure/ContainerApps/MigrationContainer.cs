using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The migration of the model as an init container: a revision's server starts after it has ended well.</summary>
internal static class MigrationContainer
{
    // Container Apps has told the server's container which identity signs in.
    private static readonly string[] Identity = ["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS"];

    /// <summary>An init container with the image of the server and, of its environment, what the migration uses.</summary>
    public static ContainerAppInitContainer Create(
        ContainerAppContainer server, MlflowTaskResource migration, DistributedApplicationExecutionContext executionContext)
    {
        var used = new EnvironmentCallbackContext(executionContext, migration);
        foreach (var variable in migration.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            // The callbacks of a migration set values and wait for nothing.
            variable.Callback(used).GetAwaiter().GetResult();
        }

        return new()
        {
            Name = migration.Name,
            Image = server.Image,
            Args = ["migrate"],
            Env =
            [
                .. server.Env
                    .Select(variable => variable.Value!)
                    .Where(variable => used.EnvironmentVariables.ContainsKey(variable.Name.Value!) || Identity.Contains(variable.Name.Value))
                    .Select(Copy),
            ],
            Resources = MlflowServerSize.Task.ToContainerResources(),
        };
    }

    private static BicepValue<ContainerAppEnvironmentVariable> Copy(ContainerAppEnvironmentVariable variable) =>
        ((IBicepValue)variable.SecretRef).Kind is BicepValueKind.Unset
        ? new ContainerAppEnvironmentVariable { Name = variable.Name, Value = variable.Value }
        : new ContainerAppEnvironmentVariable { Name = variable.Name, SecretRef = variable.SecretRef };
}

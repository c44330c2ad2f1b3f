using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Azure.Provisioning;
using Azure.Provisioning.AppContainers;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The environment of a published server, of which its migration and its operations get the part that they use.</summary>
internal static class ServerEnvironment
{
    // Container Apps has told the server's container which identity signs in.
    private static readonly string[] s_identity = ["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS"];

    /// <summary>The names of the variables that a task of the server is given.</summary>
    public static IEnumerable<string> NamesOf(MlflowTaskResource task, DistributedApplicationExecutionContext executionContext)
    {
        var used = new EnvironmentCallbackContext(executionContext, task);
        foreach (var variable in task.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            // The callbacks of these tasks set values and wait for nothing.
            variable.Callback(used).GetAwaiter().GetResult();
        }

        return used.EnvironmentVariables.Keys;
    }

    /// <summary>The variables of these names, as the server has them, and those that it signs in by.</summary>
    public static IEnumerable<BicepValue<ContainerAppEnvironmentVariable>> Of(ContainerAppContainer server, ISet<string> names)
    {
        names.UnionWith(s_identity);
        if (names.Contains(MlflowAzureExtensions.BackupVariable))
        {
            names.Add(MlflowAzureExtensions.StorageKeyVariable);
        }

        return server.Env.Select(variable => variable.Value!).Where(variable => names.Contains(variable.Name.Value!)).Select(Copy);
    }

    private static BicepValue<ContainerAppEnvironmentVariable> Copy(ContainerAppEnvironmentVariable variable) =>
        ((IBicepValue)variable.SecretRef).Kind is BicepValueKind.Unset
        ? new ContainerAppEnvironmentVariable { Name = variable.Name, Value = variable.Value }
        : new ContainerAppEnvironmentVariable { Name = variable.Name, SecretRef = variable.SecretRef };
}

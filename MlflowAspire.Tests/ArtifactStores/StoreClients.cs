using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.ArtifactStores;

internal static class StoreClients
{
    /// <summary>Adds a program that runs client scripts on any of the servers, started by hand.</summary>
    public static void AddClients(
        this IDistributedApplicationBuilder builder, string name, Dictionary<string, IResourceBuilder<MlflowServerResource>> mlflow, params string[] scripts)
    {
        var targets = new ReferenceExpressionBuilder();
        foreach (var (store, server) in mlflow)
        {
            targets.Append($"{store}={server.Resource.UriExpression} ");
        }

        var client = mlflow.Values.First().AddPythonClient(name, StoreStack.Script("clients.py"))
            .WithEnvironment("TARGETS", targets.Build())
            .WithHttpEndpoint(targetPort: 8080)
            .WithHttpHealthCheck("/");
        foreach (var script in scripts)
        {
            client.WithBindMount(StoreStack.Script(script), $"/opt/client/{script}", isReadOnly: true);
        }
    }
}

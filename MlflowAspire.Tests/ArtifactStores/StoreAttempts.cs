using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Tests.ArtifactStores;

internal static class StoreAttempts
{
    /// <summary>Adds a client that sends one file to each of the stores, started by hand.</summary>
    public static void AddAttempt(
        this IDistributedApplicationBuilder builder,
        Dictionary<string,
        IResourceBuilder<MlflowServerResource>> mlflow,
        string name,
        int size,
        params string[] stores)
    {
        var targets = new ReferenceExpressionBuilder();
        foreach (var store in stores)
        {
            targets.Append($"{store}={mlflow[store].Resource.UriExpression} ");
        }

        mlflow[stores[0]].AddPythonClient(name, StoreStack.Script("attempt.py"))
            .WithEnvironment("TARGETS", targets.Build())
            .WithEnvironment("SIZE", size.ToString(CultureInfo.InvariantCulture));
    }
}

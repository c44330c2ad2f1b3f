using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Makes a resource a client of the MLflow server: it gets <c>MLFLOW_TRACKING_URI</c>, with the address as seen from where the resource runs, and the same
    /// for .NET's service discovery, by which <c>http://mlflow</c> (the name of the resource) is the server. With basic authentication it gets the
    /// administrator's <c>MLFLOW_TRACKING_USERNAME</c> and <c>MLFLOW_TRACKING_PASSWORD</c> too, also when that is set up later. It gets nothing else, but for
    /// the sizes of direct transfer where the artifact store has it switched on: settings of the server break paths in a client's environment.
    /// </summary>
    /// <typeparam name="TDestination">The type of the client.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="mlflow">The MLflow server.</param>
    /// <returns>The builder of the client.</returns>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<MlflowServerResource> mlflow)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(mlflow);
        return builder
            .WithReferenceRelationship(mlflow)
            .WithEnvironment("MLFLOW_TRACKING_URI", mlflow.Resource.UriExpression)
            .WithEnvironment($"services__{mlflow.Resource.Name}__{MlflowServerResource.PrimaryEndpointName}__0", mlflow.Resource.UriExpression)
            .WithEnvironment(context =>
            {
                foreach (var (name, value) in mlflow.Resource.DirectTransfer)
                {
                    context.EnvironmentVariables[name] = value;
                }
            })
            .WithEnvironment(context => mlflow.Resource.SignIn?.SetClient?.Invoke(context));
    }

    /// <summary>
    /// Adds a Python script that uses the MLflow server, run with the client of the server's own version. It is started by hand, in a local run alone.
    /// </summary>
    /// <param name="mlflow">The MLflow server.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="scriptPath">The script, relative to the app host's folder.</param>
    /// <returns>The builder of the client.</returns>
    public static IResourceBuilder<ContainerResource> AddPythonClient(
        this IResourceBuilder<MlflowServerResource> mlflow, [ResourceName] string name, string scriptPath)
    {
        ArgumentNullException.ThrowIfNull(mlflow);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(scriptPath);

        const string directory = "/opt/client";
        return mlflow.ApplicationBuilder.AddContainer(name, "mlflow-client")
            .WithMlflowImage()
            .WithIconName("Code")
            .WithBindMount(scriptPath, $"{directory}/{Path.GetFileName(scriptPath)}", isReadOnly: true)
            .WithArgs("python", $"{directory}/{Path.GetFileName(scriptPath)}")
            .WithReference(mlflow)
            .WaitFor(mlflow)
            .WithExplicitStart()
            .ExcludeFromManifest();
    }
}

using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Makes a resource a client of the MLflow server: it gets the address as seen from where the resource runs and, with basic authentication, what the
    /// administrator signs in with, also when that is set up later.
    /// </summary>
    /// <remarks>
    /// That is <c>MLFLOW_TRACKING_URI</c>, <c>MLFLOW_TRACKING_USERNAME</c> and <c>MLFLOW_TRACKING_PASSWORD</c> for MLflow's clients; the connection properties
    /// <c>{NAME}_URI</c>, <c>{NAME}_USERNAME</c> and <c>{NAME}_PASSWORD</c>, in upper case, with the name of the connection; and the address for .NET's service
    /// discovery, by which <c>http://mlflow</c> (the name of the resource) is the server. It gets nothing else, but for the sizes of direct transfer where the
    /// artifact store has it switched on: settings of the server break paths in a client's environment.
    /// </remarks>
    /// <typeparam name="TDestination">The type of the client.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="mlflow">The MLflow server.</param>
    /// <param name="connectionName">The name of the connection; that of the server by default.</param>
    /// <param name="optional">Whether the client starts without the address; it always has one.</param>
    /// <returns>The builder of the client.</returns>
    [AspireExport("withMlflowReference")]
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<MlflowServerResource> mlflow, string? connectionName = null, bool optional = false)
        where TDestination : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(mlflow);
        return ResourceBuilderExtensions.WithReference(builder, (IResourceBuilder<IResourceWithConnectionString>)mlflow, connectionName, optional)
            .WithEnvironment($"services__{mlflow.Resource.Name}__{MlflowServerResource.PrimaryEndpointName}__0", mlflow.Resource.UriExpression)
            .WithEnvironment(context =>
            {
                // Published, a connection string would be a secret of the client.
                context.EnvironmentVariables["MLFLOW_TRACKING_URI"] = mlflow.Resource.UriExpression;
                if (mlflow.Resource.SignIn?.Credentials is { } credentials)
                {
                    context.EnvironmentVariables["MLFLOW_TRACKING_USERNAME"] = credentials.UserName;
                    context.EnvironmentVariables["MLFLOW_TRACKING_PASSWORD"] = credentials.Password;
                }

                foreach (var (name, value) in mlflow.Resource.DirectTransfer)
                {
                    context.EnvironmentVariables[name] = value;
                }
            });
    }

    /// <summary>
    /// Adds a Python script that uses the MLflow server, run with the client of the server's own version. It is started by hand, only in a local run.
    /// </summary>
    /// <param name="mlflow">The MLflow server.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="scriptPath">The script, relative to the app host's folder.</param>
    /// <returns>The builder of the client.</returns>
    [AspireExport]
    public static IResourceBuilder<ContainerResource> AddPythonClient(
        this IResourceBuilder<MlflowServerResource> mlflow, [ResourceName] string name, string scriptPath)
    {
        ArgumentNullException.ThrowIfNull(mlflow);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(scriptPath);

        const string directory = "/opt/client";
        return mlflow.ApplicationBuilder.AddContainer(name, "mlflow-client")
            .WithMlflowImage(mlflow.Resource)
            .WithIconName("Code")
            .WithBindMount(scriptPath, $"{directory}/{Path.GetFileName(scriptPath)}", isReadOnly: true)
            .WithArgs("python", $"{directory}/{Path.GetFileName(scriptPath)}")
            .WithReference(mlflow)
            .WaitFor(mlflow)
            .WithExplicitStart()
            .ExcludeFromManifest();
    }
}

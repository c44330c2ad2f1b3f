using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts in a store of your own: one that MLflow reaches by an address, through a package that the image has. What it needs is set by
    /// <see cref="WithStoreEnvironment"/> and <see cref="WithSecret"/>. Clients send and get artifacts through the server.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="uri">The address (<c>MLFLOW_ARTIFACTS_DESTINATION</c>), such as <c>oss://bucket/path</c>, without a password: it is no secret.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">It is no address, or holds a password.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithArtifactStore(this IResourceBuilder<MlflowServerResource> builder, string uri)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(uri);
        Rules.ArtifactStore.Require(uri, nameof(uri));
        return builder.WithArtifactStore(uri, _ => { });
    }

    /// <summary>
    /// Sets environment variables of the server and of its garbage collection, which uses the same stores: it removes artifacts from the store itself, with no
    /// need for a server that runs and for a sign-in to it.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="set">Sets the variables; it is called for each container.</param>
    /// <returns>The builder.</returns>
    [AspireExportIgnore(Reason = "Takes a callback that is called for each container. withEnvironment sets only variables of the server.")]
    public static IResourceBuilder<MlflowServerResource> WithStoreEnvironment(
        this IResourceBuilder<MlflowServerResource> builder, Action<EnvironmentCallbackContext> set)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(set);
        builder.ApplicationBuilder.CreateResourceBuilder(builder.Resource.GarbageCollection).WithEnvironment(set);
        return builder.WithEnvironment(set);
    }

    /// <summary>Keeps artifacts in a store that is no resource of the app host.</summary>
    private static IResourceBuilder<MlflowServerResource> WithArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string uri, Action<Dictionary<string, object>> setEnvironment)
    {
        builder.WithOneArtifactStore(uri);
        Dictionary<string, object> settings = new() { ["MLFLOW_ARTIFACTS_DESTINATION"] = uri };
        setEnvironment(settings);

        // The port of an endpoint that is known only when deployed cannot be told here.
        var address = settings.GetValueOrDefault("MLFLOW_S3_ENDPOINT_URL") is ReferenceExpression { ValueProviders: [] } endpoint
            ? endpoint.ValueExpression
            : uri;
        if (Uri.TryCreate(address, UriKind.Absolute, out var store) && OutboundTrafficAnnotation.Of("artifact-store", store) is { } traffic)
        {
            builder.WithAnnotation(traffic);
        }

        // The key vault keeps the store's credentials as it keeps the server's own secrets.
        var secrets = builder.Resource.Secrets;
        foreach (var secret in settings.Values.OfType<ParameterResource>().Where(parameter => parameter.Secret))
        {
            secrets.Add(secret);
        }

        return builder.WithStoreEnvironment(context =>
        {
            foreach (var (name, value) in settings)
            {
                context.EnvironmentVariables[name] = value is ParameterResource parameter ? secrets.ValueOf(parameter) : value;
            }
        });
    }

    internal static void WithOneArtifactStore(this IResourceBuilder<MlflowServerResource> builder, string name)
    {
        var server = builder.Resource;
        if (server.ArtifactStoreName is { } other)
        {
            throw new InvalidOperationException(
                $"MLflow server '{server.Name}' has the artifact store '{other}' already; it can have one. '{name}' would be a second.");
        }

        server.ArtifactStoreName = name;
    }

    private static void SetIfGiven(this Dictionary<string, object> environment, string name, object? value)
    {
        if (value is not null)
        {
            environment[name] = value;
        }
    }
}

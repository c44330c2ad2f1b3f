using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Keeps artifacts in a store that is no resource of the app host.</summary>
    private static IResourceBuilder<MlflowServerResource> WithArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string uri, Action<Dictionary<string, object>> setEnvironment)
    {
        builder.WithOneArtifactStore(uri);
        Dictionary<string, object> settings = new() { ["MLFLOW_ARTIFACTS_DESTINATION"] = uri };
        setEnvironment(settings);

        // The port of an endpoint that is known only when deployed cannot be told here.
        var address = settings.GetValueOrDefault("MLFLOW_S3_ENDPOINT_URL") is ReferenceExpression { ValueProviders: [] } endpoint ? endpoint.ValueExpression : uri;
        if (Uri.TryCreate(address, UriKind.Absolute, out var store) && OutboundTrafficAnnotation.Of(store) is { } traffic)
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
            throw new InvalidOperationException($"MLflow server '{server.Name}' has the artifact store '{other}' already; it can have one. '{name}' would be a second.");
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

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    // Azurite's account name is fixed; MLflow takes the address from the connection string and the account from the URI.
    private const string EmulatorAccount = "devstoreaccount1";

    /// <summary>
    /// Keeps artifacts in a blob container (guide rows G2 and A1). Clients send and get them through the server (guide row A7), so that they need no
    /// credentials of the store. In Azure the server signs in with its identity; the emulator of a local run has a connection string.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="container">The blob container.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzureBlobStorageContainerResource> container)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(container);

        builder.WithOneArtifactStore(container.Resource.Name);
        builder.Resource.ArtifactStore = container.Resource;
        return builder
            .WithStoreEnvironment(context =>
            {
                // Read late: the storage account may become an emulator after this call. One way to sign in at a time: MLflow would prefer a connection string.
                var blobs = container.Resource.Parent;
                var storage = blobs.Parent;
                context.EnvironmentVariables["MLFLOW_ARTIFACTS_DESTINATION"] = storage.IsEmulator
                    ? Wasbs(container.Resource, ReferenceExpression.Create($"{EmulatorAccount}"))
                    : Wasbs(container.Resource, ReferenceExpression.Create($"{storage.NameOutputReference}"));
                if (storage.IsEmulator)
                {
                    context.EnvironmentVariables["AZURE_STORAGE_CONNECTION_STRING"] = blobs.ConnectionStringExpression;
                }
            })
            .WithReferenceRelationship(container)
            .WaitFor(container);
    }

    private static ReferenceExpression Wasbs(AzureBlobStorageContainerResource container, ReferenceExpression account) =>
        ReferenceExpression.Create($"wasbs://{container.BlobContainerName}@{account}.blob.core.windows.net");

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

    private static void WithOneArtifactStore(this IResourceBuilder<MlflowServerResource> builder, string name)
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

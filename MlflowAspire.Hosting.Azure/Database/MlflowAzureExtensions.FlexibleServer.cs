using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Keeps experiments, runs, models and traces in a database of an Azure flexible server, or of the container that stands for it in a
    /// local run. The server signs in with its Microsoft Entra identity unless password authentication is set up on the flexible server.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="database">The database.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">The server has a backend store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<AzurePostgresFlexibleServerDatabaseResource> database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);
        var mlflow = builder.Resource;
        var server = database.Resource.Parent;

        // Whoever answers in the server's place has no certificate for its name.
        const string verified = "?sslmode=verify-full&sslrootcert=system";

        // All read late: the flexible server may become a container after this call.
        return builder.WithBackendStore(
            database.Resource.DatabaseName,
            new(database.Resource, DatabaseUriOf, builder.ApplicationBuilder.CreateResourceBuilder(server).AddDatabase, Credentials));

        ReferenceExpression DatabaseUriOf(string name) => server switch
        {
            { IsContainer: true } => MlflowBuilderExtensions.DatabaseUri(server.Host, server.Port, name),
            { Password: null } => MlflowBuilderExtensions.DatabaseUri(server.Host, server.Port, name, $"{verified}&plugin=entra"),
            _ => MlflowBuilderExtensions.DatabaseUri(server.Host, server.Port, name, verified),
        };

        (ReferenceExpression?, object?) Credentials()
        {
            if (mlflow.DatabaseRole is not null && server is { IsContainer: false, Password: null })
            {
                throw new InvalidOperationException(
                    $"The flexible server '{server.Name}' takes Microsoft Entra identities and no passwords. "
                    + "Call WithPasswordAuthentication on it, or leave WithDatabaseRole out.");
            }

            var userName = server.UserName;
            if (userName is null && mlflow.TryGetLastAnnotation<AppIdentityAnnotation>(out var identity))
            {
                userName = ReferenceExpression.Create($"{identity.IdentityResource.PrincipalName}");
            }

            mlflow.KeepStorePassword();
            return (userName, server.Password is { ValueProviders: [ParameterResource parameter] } ? mlflow.Secrets.ValueOf(parameter) : server.Password);
        }
    }
}

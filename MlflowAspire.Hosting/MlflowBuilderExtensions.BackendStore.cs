using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps experiments, runs, models and traces in a database of an Azure flexible server (guide row G4), or of the container that stands for it in a
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
        var server = database.Resource.Parent;

        // All read late: the flexible server may become a container after this call.
        return builder.WithBackendStore(database, DatabaseUriOf, context =>
        {
            if (builder.Resource.DatabaseRole is not null && server is { IsContainer: false, Password: null })
            {
                throw new InvalidOperationException($"The flexible server '{server.Name}' takes Microsoft Entra identities and no passwords. Call WithPasswordAuthentication on it, or leave WithDatabaseRole out.");
            }

            var userName = server.UserName;
            if (userName is null && builder.Resource.TryGetLastAnnotation<AppIdentityAnnotation>(out var identity))
            {
                userName = ReferenceExpression.Create($"{identity.IdentityResource.PrincipalName}");
            }

            context.SetDatabase(builder.Resource, database.Resource.DatabaseName, userName, builder.Resource.InVault(server.Password));
        });

        ReferenceExpression DatabaseUriOf(string name) => server switch
        {
            { IsContainer: true } => DatabaseUri(server.Host, server.Port, name),
            { Password: null } => DatabaseUri(server.Host, server.Port, name, "?sslmode=require&plugin=entra"),
            _ => DatabaseUri(server.Host, server.Port, name, "?sslmode=require"),
        };
    }

    /// <summary>Keeps experiments, runs, models and traces in a database of a PostgreSQL container.</summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="database">The database.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">The server has a backend store already.</exception>
    public static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<PostgresDatabaseResource> database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);
        var server = database.Resource.Parent;
        return builder.WithBackendStore(
            database,
            name => DatabaseUri(ReferenceExpression.Create($"{server.Host}"), ReferenceExpression.Create($"{server.Port}"), name),
            context => context.SetDatabase(builder.Resource, database.Resource.DatabaseName, server.UserNameReference, builder.Resource.Secrets.ValueOf(server.PasswordParameter)));
    }

    private static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder,
        IResourceBuilder<IResource> database,
        Func<string, ReferenceExpression> databaseUri,
        Action<EnvironmentCallbackContext> setDatabase)
    {
        var server = builder.Resource;
        if (server.BackendStore is { } other)
        {
            throw new InvalidOperationException($"MLflow server '{server.Name}' has the backend store '{other.Name}' already; it can have one.");
        }

        server.BackendStore = database.Resource;
        server.DatabaseUri = databaseUri;
        builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WithEnvironment(setDatabase).WaitFor(database);
        return builder.WithStoreEnvironment(setDatabase).WithReferenceRelationship(database);
    }

    /// <summary>
    /// User name and password go into libpq's own variables. So they need no escaping, and <c>MLFLOW_BACKEND_STORE_URI</c>, which MLflow writes to logs
    /// and passes on as argument, holds no secret.
    /// </summary>
    private static void SetDatabase(
        this EnvironmentCallbackContext context, MlflowServerResource server, string databaseName, ReferenceExpression? userName, object? password)
    {
        context.EnvironmentVariables["MLFLOW_BACKEND_STORE_URI"] = server.DatabaseUri!(databaseName);
        if (server.DatabaseRole is { } role)
        {
            (userName, password) = (ReferenceExpression.Create($"{role.UserName}"), server.Secrets.ValueOf(role.Password));
        }

        if (userName is not null)
        {
            context.EnvironmentVariables["PGUSER"] = userName;
        }

        if (password is not null)
        {
            context.EnvironmentVariables["PGPASSWORD"] = password;
        }
    }

    private static ReferenceExpression DatabaseUri(ReferenceExpression host, ReferenceExpression port, string databaseName, string parameters = "")
    {
        var uri = new ReferenceExpressionBuilder();
        uri.Append($"postgresql+psycopg2://{host}:{port}/{databaseName:uri}");
        uri.AppendLiteral(parameters);
        return uri.Build();
    }

    /// <summary>The password of a flexible server is a parameter, which the key vault may keep.</summary>
    private static object? InVault(this MlflowServerResource server, ReferenceExpression? password) =>
        password is { ValueProviders: [ParameterResource parameter] } ? server.Secrets.ValueOf(parameter) : password;
}

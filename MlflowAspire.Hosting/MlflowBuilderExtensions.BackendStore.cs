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
        return builder.WithBackendStore(database, context =>
        {
            // Read late: the flexible server may become a container after this call.
            var server = database.Resource.Parent;
            var userName = server.UserName;
            if (userName is null && builder.Resource.TryGetLastAnnotation<AppIdentityAnnotation>(out var identity))
            {
                userName = ReferenceExpression.Create($"{identity.IdentityResource.PrincipalName}");
            }

            context.SetDatabase(server.Host, server.Port, database.Resource.DatabaseName, userName, builder.Resource.InVault(server.Password), inAzure: !server.IsContainer);
        });
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
        return builder.WithBackendStore(database, context =>
        {
            var server = database.Resource.Parent;
            context.SetDatabase(
                ReferenceExpression.Create($"{server.Host}"),
                ReferenceExpression.Create($"{server.Port}"),
                database.Resource.DatabaseName,
                server.UserNameReference,
                builder.Resource.Secrets.ValueOf(server.PasswordParameter),
                inAzure: false);
        });
    }

    private static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<IResource> database, Action<EnvironmentCallbackContext> setDatabase)
    {
        var server = builder.Resource;
        if (server.BackendStore is { } other)
        {
            throw new InvalidOperationException($"MLflow server '{server.Name}' has the backend store '{other.Name}' already; it can have one.");
        }

        server.BackendStore = database.Resource;
        builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WithEnvironment(setDatabase).WaitFor(database);
        builder.ApplicationBuilder.CreateResourceBuilder(server.GarbageCollection).WithEnvironment(setDatabase);
        return builder.WithEnvironment(setDatabase).WithReferenceRelationship(database);
    }

    /// <summary>
    /// User name and password go into libpq's own variables. So they need no escaping, and <c>MLFLOW_BACKEND_STORE_URI</c>, which MLflow writes to logs
    /// and passes on as argument, holds no secret.
    /// </summary>
    private static void SetDatabase(
        this EnvironmentCallbackContext context,
        ReferenceExpression host,
        ReferenceExpression port,
        string databaseName,
        ReferenceExpression? userName,
        object? password,
        bool inAzure)
    {
        var uri = new ReferenceExpressionBuilder();
        uri.Append($"postgresql+psycopg2://{host}:{port}/{databaseName:uri}");
        if (inAzure)
        {
            uri.AppendLiteral(password is null ? "?sslmode=require&plugin=entra" : "?sslmode=require");
        }

        context.EnvironmentVariables["MLFLOW_BACKEND_STORE_URI"] = uri.Build();
        if (userName is not null)
        {
            context.EnvironmentVariables["PGUSER"] = userName;
        }

        if (password is not null)
        {
            context.EnvironmentVariables["PGPASSWORD"] = password;
        }
    }

    /// <summary>The password of a flexible server is a parameter, which the key vault may keep.</summary>
    private static object? InVault(this MlflowServerResource server, ReferenceExpression? password) =>
        password is { ValueProviders: [ParameterResource parameter] } ? server.Secrets.ValueOf(parameter) : password;
}

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Keeps experiments, runs, models and traces in a database of a PostgreSQL container.</summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="database">The database.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">The server has a backend store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<PostgresDatabaseResource> database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);
        var server = database.Resource.Parent;
        return builder.WithBackendStore(database.Resource.DatabaseName, new(
            database.Resource,
            name => DatabaseUri(ReferenceExpression.Create($"{server.Host}"), ReferenceExpression.Create($"{server.Port}"), name),
            builder.ApplicationBuilder.CreateResourceBuilder(server).AddDatabase,
            () => (server.UserNameReference, builder.Resource.Secrets.ValueOf(server.PasswordParameter))));
    }

    internal static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder, string databaseName, MlflowBackendStore store)
    {
        var server = builder.Resource;
        if (server.Store is { } other)
        {
            var name = other.Database?.Name ?? other.UriOf(databaseName).ValueExpression;
            throw new InvalidOperationException($"MLflow server '{server.Name}' has the backend store '{name}' already; it can have one.");
        }

        server.Store = store;
        var migration = builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WithEnvironment(SetDatabase);
        if (store.Database is { } database)
        {
            migration.WaitFor(builder.ApplicationBuilder.CreateResourceBuilder(database));
            builder.WithReferenceRelationship(database);
        }

        return builder.WithStoreEnvironment(SetDatabase).AddSignInDatabase();

        // User name and password go into libpq's own variables. So they need no escaping, and MLFLOW_BACKEND_STORE_URI, which MLflow writes to logs and passes
        // on as argument, holds no secret.
        void SetDatabase(EnvironmentCallbackContext context)
        {
            context.EnvironmentVariables["MLFLOW_BACKEND_STORE_URI"] = store.UriOf(databaseName);
            var (userName, password) = store.Credentials();
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
    }

    internal static ReferenceExpression DatabaseUri(ReferenceExpression host, ReferenceExpression port, string databaseName, string parameters = "")
    {
        var uri = new ReferenceExpressionBuilder();
        uri.Append($"postgresql+psycopg2://{host}:{port}/{databaseName:uri}");
        uri.AppendLiteral(parameters);
        return uri.Build();
    }
}

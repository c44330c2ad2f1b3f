using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Lets the server be published with an external endpoint and without sign-in, so that whoever reaches it can read, change and delete everything.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithAnonymousAccess(this IResourceBuilder<MlflowServerResource> builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Resource.AllowsAnonymous = true;
        return builder;
    }

    internal static void RequireNoSignIn(this MlflowServerResource server, string name)
    {
        if (server.SignIn is { } other)
        {
            throw new InvalidOperationException($"MLflow server '{server.Name}' has {other.Name} already; it can have one sign-in. {name} would be a second.");
        }
    }

    /// <summary>
    /// Adds the database of users and permissions on the server of the backend store, whose role and password it shares, and has the migration create its
    /// tables. Each server and each kind of sign-in has a database of its own, as their tables have the same names.
    /// </summary>
    private static IResourceBuilder<MlflowServerResource> WithSignInDatabase(
        this IResourceBuilder<MlflowServerResource> builder, string appName, string variable, string kind)
    {
        var server = builder.Resource;
        var databaseName = $"{server.Name.Replace('-', '_')}_{kind}";
        server.SignInDatabase = databaseName;
        builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WithEnvironment(SetDatabase);
        return builder.WithEnvironment(SetDatabase).AddSignInDatabase();

        void SetDatabase(EnvironmentCallbackContext context)
        {
            context.EnvironmentVariables["MLFLOW_APP_NAME"] = appName;
            // A server without a backend store does not start.
            if (server.Store is { } store)
            {
                context.EnvironmentVariables[variable] = store.UriOf(databaseName);
            }
        }
    }

    /// <summary>Adds the database once both are known, the sign-in and the backend store, whichever comes first.</summary>
    private static IResourceBuilder<MlflowServerResource> AddSignInDatabase(this IResourceBuilder<MlflowServerResource> builder)
    {
        var server = builder.Resource;
        if (server is not { SignInDatabase: { } name, Store.AddDatabase: { } addDatabase })
        {
            return builder;
        }

        var database = addDatabase($"{server.Name}-auth-db", name);
        builder.ApplicationBuilder.CreateResourceBuilder(server.Migration).WaitFor(database);
        return builder.WithReferenceRelationship(database);
    }

    private static string ToSetting(this MlflowPermissionLevel permission, string parameterName) => permission switch
    {
        MlflowPermissionLevel.None => "NO_PERMISSIONS",
        MlflowPermissionLevel.Read => "READ",
        MlflowPermissionLevel.Use => "USE",
        MlflowPermissionLevel.Edit => "EDIT",
        MlflowPermissionLevel.Manage => "MANAGE",
        _ => throw new ArgumentOutOfRangeException(parameterName, permission, "The default permission of MLflow is one of None, Read, Use, Edit and Manage."),
    };

    internal static void RequireSecret(this IResourceBuilder<ParameterResource> parameter, string what, string parameterName)
    {
        if (!parameter.Resource.Secret)
        {
            var name = parameter.Resource.Name;
            throw new ArgumentException(
                $"The parameter '{name}' is not a secret; it holds {what}. Add it with AddParameter(\"{name}\", secret: true).", parameterName);
        }
    }

    private static Task RefuseOpenServer(this MlflowServerResource server) =>
        server is { SignIn: null, AllowsAnonymous: false, RestrictsAddresses: false }
            && server.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.IsExternal)
            ? throw new DistributedApplicationException(
                $"MLflow server '{server.Name}' has an external endpoint and no sign-in: whoever reaches it can read, change and delete everything. "
                + "Call WithBasicAuth, WithOidcAuth or WithContainerAppsAuthentication, or WithIPRestrictions; or WithAnonymousAccess, if that is meant.")
            : Task.CompletedTask;
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The database connections that a deployment may open, which the image counts in the same way when it starts.</summary>
internal static class DatabaseConnections
{
    // Of a worker: eight threads with two connections each, as many for its event loop, and one that readiness is asked by.
    private const int Worker = (2 * 8) + 2 + 1;

    // Where users and permissions are in a database: one connection for each of them, and two by which the user of a request is read.
    private const int SignIn = 8 + 1 + 2;

    /// <summary>Rejects settings with more workers and replicas than the database has connections for.</summary>
    public static void Check(Mistakes mistakes, MlflowSettings settings)
    {
        var needed = Count(settings);
        var available = settings.Sizes.DatabaseSku.Connections;
        if (needed > available)
        {
            mistakes.Reject(
                nameof(MlflowSettings.Workers), settings.Workers,
                "fewer, or fewer Mlflow:Replicas, or a larger Mlflow:Database:Sku: "
                    + $"they may open {needed} connections, and {settings.Sizes.DatabaseSku.Name} has {available}");
        }
    }

    /// <summary>Refuses a server that methods have given more of them than the settings have.</summary>
    /// <exception cref="DistributedApplicationException">The database has fewer connections.</exception>
    public static void Check(MlflowServerResource server, DatabaseSku sku)
    {
        var needed = Count(server.Workers, server.Replicas, server.RunsJobs, server.SignInDatabase is not null);
        if (needed > sku.Connections)
        {
            throw new DistributedApplicationException(
                $"MLflow server '{server.Name}' may open {needed} connections to its database with WithReplicas({server.Replicas}) and "
                + $"WithWorkers({server.Workers}), and {sku.Name} has {sku.Connections}. Call one of them with a smaller number, or give the settings a larger "
                + $"{nameof(MlflowSettings.Sizes)}.{nameof(ProfileSizes.DatabaseSku)}.");
        }
    }

    /// <summary>The connections of all replicas at most.</summary>
    public static int Count(MlflowSettings settings) => Count(
        settings.Workers, settings.Server.Replicas, settings.Jobs, settings.SignIn.Mode is SignInMode.Basic or SignInMode.Oidc);

    private static int Count(int workers, int replicas, bool jobs, bool signInDatabase)
    {
        // Replicas that run jobs have one worker beside them for what is done periodically.
        var periodic = jobs && replicas > 1 ? 1 : 0;
        return (Worker + (signInDatabase ? SignIn : 0)) * ((replicas * workers) + periodic);
    }
}

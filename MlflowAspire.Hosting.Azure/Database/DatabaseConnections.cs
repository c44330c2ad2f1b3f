namespace MlflowAspire.Hosting.Azure;

/// <summary>The database connections that a deployment may open, which the image counts in the same way when it starts.</summary>
internal static class DatabaseConnections
{
    // Of a worker: eight threads with two connections each, as many for its event loop, and one that readiness is asked by.
    private const int Worker = (2 * 8) + 2 + 1;

    // Where users and permissions are in a database: one connection for each of them, and two by which the user of a request is read.
    private const int SignIn = 8 + 1 + 2;

    /// <summary>Rejects more workers and replicas than the database has connections for.</summary>
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

    /// <summary>The connections of all replicas at most.</summary>
    public static int Count(MlflowSettings settings)
    {
        var worker = Worker + (settings.SignIn.Mode is SignInMode.Basic or SignInMode.Oidc ? SignIn : 0);
        // Replicas that run jobs have one beside them for what is done periodically.
        var periodic = settings is { Jobs: true, Server.Replicas: > 1 } ? 1 : 0;
        return worker * ((settings.Server.Replicas * settings.Workers) + periodic);
    }
}

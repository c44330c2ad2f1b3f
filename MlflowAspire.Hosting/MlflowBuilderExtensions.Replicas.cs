using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Sets how many replicas are published, one by default. They share database, artifacts and secrets. Replicas that run jobs need a queue
    /// that they share as well, see <see cref="WithJobQueue"/>. A local run has one.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="replicas">1 to 30.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithReplicas(this IResourceBuilder<MlflowServerResource> builder, int replicas)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.Replicas.Require(replicas, nameof(replicas));
        builder.Resource.ChosenReplicas = replicas;
        return builder;
    }

    /// <summary>The server counts the connections of all replicas when it starts, as they have one database.</summary>
    private static void SetReplicas(this MlflowServerResource server, EnvironmentCallbackContext context)
    {
        if (context.ExecutionContext.IsPublishMode && server.Replicas > 1)
        {
            context.EnvironmentVariables["MLFLOW_SERVER_REPLICAS"] = server.Replicas.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// Keeps the queue of jobs in Redis (<c>MLFLOW_SERVER_JOB_HUEY_REDIS_URL</c>) instead of a file of each replica, so that replicas share it.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="redisUrl">A secret: the URL with the credentials, such as <c>rediss://:key@queue.example.com:6380/0</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The parameter is not a secret.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithJobQueue(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<ParameterResource> redisUrl)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(redisUrl);
        redisUrl.RequireSecret("the URL of the job queue (MLFLOW_SERVER_JOB_HUEY_REDIS_URL) with its credentials", nameof(redisUrl));
        builder.Resource.HasJobQueue = true;
        return builder.WithServerSecret("MLFLOW_SERVER_JOB_HUEY_REDIS_URL", redisUrl);
    }
}

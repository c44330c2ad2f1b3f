using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Sets the number of worker processes (<c>MLFLOW_WORKERS</c>, default 1): one for each core. They share most of their memory;
    /// each works on eight calls at once, for which it may open 18 connections to the database.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="workers">1 to 64; each takes 0.5 GiB of the server's memory, see <see cref="WithSize"/>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithWorkers(this IResourceBuilder<MlflowServerResource> builder, int workers)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.Workers.Require(workers, nameof(workers));
        builder.Resource.Workers = workers;
        return builder;
    }

    /// <summary>
    /// Switches the job runner on (<c>MLFLOW_SERVER_ENABLE_JOB_EXECUTION</c>): evaluations and scorers that run on the server.
    /// It is off by default: it takes 0.4 GiB and 4 s of CPU more at its start, and a process for each job that runs. Switching it on raises the server to
    /// 2 cores and 4 GiB, unless <see cref="WithSize"/> says otherwise.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="enabled">Whether jobs run on the server.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithJobs(this IResourceBuilder<MlflowServerResource> builder, bool enabled = true)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Resource.RunsJobs = enabled;
        return builder.WithEnvironment("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", enabled ? "true" : "false");
    }

    /// <summary>
    /// Switches the AI gateway on or off, with its pages (<c>MLFLOW_ENABLE_AI_GATEWAY</c>). It is on by default.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="enabled">Whether the server has the gateway.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithAIGateway(this IResourceBuilder<MlflowServerResource> builder, bool enabled = true)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithEnvironment("MLFLOW_ENABLE_AI_GATEWAY", enabled ? "true" : "false");
    }

    /// <summary>
    /// Sets how long one upload or download between server and artifact store may take (<c>MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT</c>). MLflow asks for it
    /// with Azure and Google Cloud Storage only, where its own defaults are 600 and 60 seconds.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="timeout">1 second to 24 hours, in whole seconds; -1 second for no limit.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithArtifactTimeout(this IResourceBuilder<MlflowServerResource> builder, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.ArtifactTimeout.Require(timeout, nameof(timeout));
        return builder.WithEnvironment("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Sets how long one statement of the server may occupy the database (<c>MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS</c>, default 30 seconds). PostgreSQL
    /// ends a longer one, such as a search with hundreds of conditions, and the client gets 503. Migrations and garbage collection have no limit.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="timeout">1 second to 1 hour, in whole seconds; zero for no limit.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithStatementTimeout(this IResourceBuilder<MlflowServerResource> builder, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.StatementTimeout.Require(timeout, nameof(timeout));
        return builder.WithEnvironment("MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS", ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Sets the size of the largest file that clients may upload (<c>MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES</c>, default 51200: 50 GiB). A larger one is refused
    /// with 413 and leaves nothing behind. Azure gives an upload four minutes on its way through the ingress, whatever its size.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="mebibytes">1 to 1048576, in MiB.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithMaxArtifactSize(this IResourceBuilder<MlflowServerResource> builder, int mebibytes)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.MaxArtifactMebibytes.Require(mebibytes, nameof(mebibytes));
        return builder.WithEnvironment("MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES", mebibytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Sends the server's own traces, metrics and logs by OpenTelemetry: in a local run to the Aspire dashboard, elsewhere to
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or, with <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c>, to Application Insights, which is paid for by the gigabyte and
    /// gets the traces of one request a second of each worker, and metrics of all. Off by default: it makes the start some seconds slower. This is not MLflow's
    /// tracing of models, which is always on, nor its usage telemetry, which is always off.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <returns>The builder.</returns>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithOpenTelemetry(this IResourceBuilder<MlflowServerResource> builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .WithOtlpExporter(OtlpProtocol.HttpProtobuf)
            .WithEnvironment("MLFLOW_OPENTELEMETRY", "true");
    }
}

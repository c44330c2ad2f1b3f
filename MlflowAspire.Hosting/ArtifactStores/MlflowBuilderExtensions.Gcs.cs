using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts in a bucket of Google Cloud Storage. Clients send and get them through the server, so that they need no
    /// credentials of the store. How long one request may take is set by <see cref="WithArtifactTimeout"/>.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="bucket">The bucket, which exists.</param>
    /// <param name="options">Credentials and use of the bucket.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The bucket's name or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithGcsArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string bucket, GcsArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(bucket);
        options ??= new();
        Setting.Require(
            GcsBucketPattern().IsMatch(bucket),
            nameof(bucket), "MLFLOW_ARTIFACTS_DESTINATION", bucket, "3 to 222 lower-case letters, digits, '.', '_' and '-', such as 'mlflow-artifacts'");
        Setting.RequirePath(options.Path);
        options.DirectTransfer?.Check();
        Setting.RequireSecret(options.Credentials, nameof(options.Credentials));
        Setting.Require(
            options.Project is null || GcsProjectPattern().IsMatch(options.Project),
            nameof(options.Project), "GOOGLE_CLOUD_PROJECT", options.Project, "the id of a project, such as 'my-project-1'");
        RequireGcsChunkSize(options.UploadChunkSize, nameof(options.UploadChunkSize), "MLFLOW_GCS_UPLOAD_CHUNK_SIZE");
        RequireGcsChunkSize(options.DownloadChunkSize, nameof(options.DownloadChunkSize), "MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE");

        return builder
            .WithArtifactStore($"gs://{bucket}{Setting.UriPath(options.Path)}", environment =>
            {
                environment.SetIfGiven("GOOGLE_APPLICATION_CREDENTIALS_CONTENT", options.Credentials?.Resource);
                environment.SetIfGiven("GOOGLE_CLOUD_PROJECT", options.Project);
                environment.SetIfGiven("MLFLOW_GCS_UPLOAD_CHUNK_SIZE", options.UploadChunkSize?.ToString(CultureInfo.InvariantCulture));
                environment.SetIfGiven("MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE", options.DownloadChunkSize?.ToString(CultureInfo.InvariantCulture));
            })
            .WithDirectTransfer(options.DirectTransfer);
    }

    private static void RequireGcsChunkSize(int? size, string option, string meaning) =>
        Setting.Require(size is null || (size > 0 && size % (256 * 1024) == 0), option, meaning, size, "a multiple of 262144 bytes (256 KiB)");

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")]
    private static partial Regex GcsBucketPattern();

    [GeneratedRegex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    private static partial Regex GcsProjectPattern();
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>How the MLflow server reaches and uses a bucket of Google Cloud Storage.</summary>
[AspireDto]
public sealed class GcsArtifactStoreOptions
{
    /// <summary>The folder of the bucket that artifacts go below, such as <c>teams/vision</c>; by default the bucket itself.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// The credentials, the JSON text of a service account's key or of a workload identity federation (<c>GOOGLE_APPLICATION_CREDENTIALS</c>, which names a
    /// file with this content in the container); a secret parameter. Without it the server takes what its environment gives it.
    /// </summary>
    public IResourceBuilder<ParameterResource>? Credentials { get; init; }

    /// <summary>The project (<c>GOOGLE_CLOUD_PROJECT</c>); needed when the credentials name none.</summary>
    public string? Project { get; init; }

    /// <summary>
    /// The size of one request of an upload, in bytes (<c>MLFLOW_GCS_UPLOAD_CHUNK_SIZE</c>), a multiple of 262144 (256 KiB); Google's library chooses by
    /// default.
    /// </summary>
    public int? UploadChunkSize { get; init; }

    /// <summary>
    /// The size of one request of a download, in bytes (<c>MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE</c>), a multiple of 262144 (256 KiB); Google's library chooses by
    /// default.
    /// </summary>
    public int? DownloadChunkSize { get; init; }

    /// <summary>
    /// Lets clients send large files directly, by signed URLs; this takes a service account's key as <see cref="Credentials"/>, and clients that
    /// reach Google. By default all goes through the MLflow server.
    /// </summary>
    public DirectTransferOptions? DirectTransfer { get; init; }
}

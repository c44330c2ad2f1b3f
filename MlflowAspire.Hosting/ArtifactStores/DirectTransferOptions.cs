using Aspire.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>
/// Direct transfer between clients and a bucket (<c>MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD</c> and <c>MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD</c>). Clients
/// still need no credentials: the server signs a URL for each part.
/// </summary>
[AspireDto]
public sealed class DirectTransferOptions
{
    private const long MiB = 1024 * 1024;

    /// <summary>
    /// From which size on a file is uploaded directly, in bytes (<c>MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE</c>, default 500 MiB), at least 1.
    /// Clients decide by it: those with a reference to the server get it, others keep MLflow's default or set it themselves.
    /// </summary>
    public long MinimumFileSize { get; init; } = 500 * MiB;

    /// <summary>
    /// The size of a part, in bytes (<c>MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE</c>, default 10 MiB), from 5 MiB to 5 GiB. A file has at most 10000 parts.
    /// </summary>
    public long ChunkSize { get; init; } = 10 * MiB;

    internal void Check()
    {
        Setting.Require(MinimumFileSize >= 1, nameof(MinimumFileSize), "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", MinimumFileSize, "1 byte or more");
        Setting.Require(
            ChunkSize is >= 5 * MiB and <= 5 * 1024 * MiB,
            nameof(ChunkSize), "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", ChunkSize, "5242880 (5 MiB) to 5368709120 (5 GiB) bytes");
    }
}

using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>The server offers presigned URLs, and its clients know from which size on to ask for them.</summary>
    private static IResourceBuilder<MlflowServerResource> WithDirectTransfer(
        this IResourceBuilder<MlflowServerResource> builder, DirectTransferOptions? options, params KeyValuePair<string, string>[] clientSettings)
    {
        if (options is null)
        {
            return builder;
        }

        var transfer = builder.Resource.DirectTransfer;
        transfer["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = options.MinimumFileSize.ToString(CultureInfo.InvariantCulture);
        transfer["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = options.ChunkSize.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in clientSettings)
        {
            transfer[name] = value;
        }

        return builder.WithEnvironment("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true").WithEnvironment("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true");
    }
}

using Aspire.Hosting;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>A call for each store, as short as it can be.</summary>
internal static class StoreCalls
{
    public static Dictionary<string, Action<StoreModel>> All { get; } = new()
    {
        ["blobs"] = model => model.Mlflow.WithArtifactStore(model.Blobs),
        ["S3"] = model => model.Mlflow.WithS3ArtifactStore("bucket", new() { AccessKeyId = model.Plain("s3-id"), SecretAccessKey = model.Secret("s3-key") }),
        ["GCS"] = model => model.Mlflow.WithGcsArtifactStore("bucket", new() { Credentials = model.Secret("gcs-key") }),
        ["FTP"] = model => model.Mlflow.WithFtpArtifactStore("ftp", new() { UserName = "mlflow", Password = model.Secret("ftp-password") }),
        ["SFTP"] = model => model.Mlflow.WithSftpArtifactStore(
            "sftp", new() { UserName = "mlflow", PrivateKey = model.Secret("sftp-key"), KnownHosts = model.Plain("sftp-hosts") }),
        ["volume"] = model => model.Mlflow.WithVolumeArtifactStore(),
        ["HDFS"] = model => model.Mlflow.WithHdfsArtifactStore("namenode"),
    };
}

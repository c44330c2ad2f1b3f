using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>
/// Real servers of the protocols, and how MLflow is told to use them. Each image has the commands list-files, and revoke and restore where the server checks
/// who asks.
/// </summary>
internal static class StoreServers
{
    private const string Bucket = "mlflow-artifacts";
    private const string Folder = "/srv/artifacts";

    private static readonly Dictionary<string, int> s_ports = new()
    {
        [StoreStack.S3] = 9000,
        [StoreStack.Gcs] = 9023,
        [StoreStack.Ftp] = 21,
        [StoreStack.Sftp] = 2222,
    };

    /// <summary>The stores that are servers beside the MLflow server.</summary>
    public static IReadOnlyCollection<string> Stores => s_ports.Keys;

    /// <summary>A command that ends, in the container of a store's server, as soon as the server listens.</summary>
    public static string[] UntilItListens(string store) =>
        ["timeout", "120", "bash", "-c", $"until : 2> /dev/null < /dev/tcp/localhost/{s_ports[store]}; do sleep 0.2; done"];

    public static IResourceBuilder<ContainerResource> AddS3Server(
        this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow, IResourceBuilder<MlflowServerResource> direct)
    {
        var certificate = new TestCertificate("s3-server");
        var keyId = builder.AddParameter("s3-key-id", "AKIAMLFLOW");
        var key = builder.AddParameter("s3-key", $"{Guid.NewGuid():N}/+=", secret: true);
        var server = builder.AddServer("s3")
            .WithEnvironment("S3_BUCKET", Bucket)
            .WithEnvironment("S3_KEY_ID", keyId)
            .WithEnvironment("S3_KEY", key)
            .WithEnvironment("TLS_CERTIFICATE", certificate.Pem)
            .WithEnvironment("TLS_KEY", certificate.KeyPem);

        var url = ReferenceExpression.Create($"https://s3-server:9000");
        mlflow.WithS3ArtifactStore(Bucket, new()
        {
            EndpointUrl = url,
            Region = "us-east-1",
            AccessKeyId = keyId,
            SecretAccessKey = key,
            CaBundle = builder.AddParameter("s3-ca", certificate.Pem),
            UploadExtraArguments = """{"StorageClass":"STANDARD_IA"}""",
        });
        direct.WithS3ArtifactStore(Bucket, new()
        {
            Path = "direct",
            EndpointUrl = url,
            AccessKeyId = keyId,
            SecretAccessKey = key,
            IgnoreTls = true,
            DirectTransfer = new() { MinimumFileSize = 6 * 1024 * 1024, ChunkSize = 5 * 1024 * 1024 },
        });
        return server;
    }

    public static IResourceBuilder<ContainerResource> AddGcsServer(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        const string address = "http://gcs-server:9023";
        mlflow
            // Without a size for downloads: the emulator answers the request for a part of an empty file wrongly.
            .WithGcsArtifactStore(Bucket, new() { UploadChunkSize = 1024 * 1024 })
            .WithEnvironment("STORAGE_EMULATOR_HOST", address);
        builder.CreateResourceBuilder(mlflow.Resource.GarbageCollection).WithEnvironment("STORAGE_EMULATOR_HOST", address);
        return builder.AddServer("gcs");
    }

    public static IResourceBuilder<ContainerResource> AddFtpServer(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var password = builder.AddParameter("ftp-password", $"{Guid.NewGuid():N}@:/%#?& $", secret: true);
        mlflow.WithFtpArtifactStore("ftp-server", new() { UserName = "mlflow", Password = password });
        return builder.AddServer("ftp").WithLimitedFolder().WithEnvironment("FTP_PASSWORD", password);
    }

    public static IResourceBuilder<ContainerResource> AddSftpServer(this IDistributedApplicationBuilder builder, IResourceBuilder<MlflowServerResource> mlflow)
    {
        var (host, user) = (new SshKey(), new SshKey());
        mlflow.WithSftpArtifactStore("sftp-server", new()
        {
            Port = 2222,
            Path = Folder[1..],
            UserName = "mlflow",
            PrivateKey = builder.AddParameter("sftp-key", user.PrivatePem, secret: true),
            KnownHosts = builder.AddParameter("sftp-hosts", $"sftp-server {host.Public}"),
        });
        return builder.AddServer("sftp").WithLimitedFolder().WithEnvironment("SSH_HOST_KEY", host.PrivatePem).WithEnvironment("SSH_USER_KEY", user.Public);
    }

    private static IResourceBuilder<ContainerResource> AddServer(this IDistributedApplicationBuilder builder, string kind) =>
        builder.AddDockerfile($"{kind}-server", Path.Combine(AppContext.BaseDirectory, "ArtifactStores", "Servers", kind));

    /// <summary>Small enough for a test to fill it, large enough for all that stays.</summary>
    private static IResourceBuilder<ContainerResource> WithLimitedFolder(this IResourceBuilder<ContainerResource> server) =>
        server.WithContainerRuntimeArgs("--tmpfs", $"{Folder}:size=150m,mode=755");
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;
using MlflowAspire.Tests.Model;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>What reaches the server: all that was set and nothing else.</summary>
[Trait("Category", "Model")]
public class StoreEnvironmentTests
{
    private readonly StoreModel _model = new();

    [Fact]
    public async Task S3_with_a_bucket_alone()
    {
        _model.Mlflow.WithS3ArtifactStore("my-bucket");
        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "s3://my-bucket"));
    }

    [Fact]
    public async Task S3_with_all_options()
    {
        var minio = _model.Builder.AddContainer("minio", "minio").WithHttpEndpoint(targetPort: 9000);
        _model.Mlflow.WithS3ArtifactStore("my-bucket", new()
        {
            Path = "teams/vision",
            EndpointUrl = ReferenceExpression.Create($"{minio.GetEndpoint("http")}"),
            Region = "eu-central-1",
            AccessKeyId = _model.Plain("key-id"),
            SecretAccessKey = _model.Secret("key"),
            CaBundle = _model.Plain("ca"),
            UploadExtraArguments = """{"ServerSideEncryption":"aws:kms"}""",
        });

        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "s3://my-bucket/teams/vision"),
            ("MLFLOW_S3_ENDPOINT_URL", "http://minio.dev.internal:9000"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key-id-value"),
            ("AWS_SECRET_ACCESS_KEY", "key-value"),
            ("AWS_CA_BUNDLE_CONTENT", "ca-value"),
            ("MLFLOW_S3_UPLOAD_EXTRA_ARGS", """{"ServerSideEncryption":"aws:kms"}"""));
    }

    [Fact]
    public async Task S3_with_a_profile()
    {
        _model.Mlflow.WithS3ArtifactStore(
            "my-bucket", new() { Region = "my_region", Profile = "my_profile", SharedCredentials = _model.Secret("credentials") });
        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "s3://my-bucket"),
            ("AWS_DEFAULT_REGION", "my_region"),
            ("AWS_PROFILE", "my_profile"),
            ("AWS_SHARED_CREDENTIALS_FILE_CONTENT", "credentials-value"));
    }

    [Fact]
    public async Task A_store_of_ones_own_reaches_server_and_garbage_collection()
    {
        _model.Mlflow
            .WithArtifactStore("oss://bucket/models")
            .WithStoreEnvironment(context => context.EnvironmentVariables["OSS_ENDPOINT"] = "https://oss.example.com")
            .WithSecret("OSS_KEY", _model.Secret("oss-key"));

        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "oss://bucket/models"), ("OSS_ENDPOINT", "https://oss.example.com"), ("OSS_KEY", "oss-key-value"));
        var collection = await _model.Mlflow.Resource.GarbageCollection.EnvironmentAsync(_model.Builder);
        Assert.Equal("oss://bucket/models", collection["MLFLOW_ARTIFACTS_DESTINATION"]);
        Assert.Equal(("https://oss.example.com", "oss-key-value"), (collection["OSS_ENDPOINT"], collection["OSS_KEY"]));
    }

    [Fact]
    public async Task S3_without_a_look_at_certificates()
    {
        _model.Mlflow.WithS3ArtifactStore("my-bucket", new() { EndpointUrl = ReferenceExpression.Create($"https://minio:9000"), IgnoreTls = true });
        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "s3://my-bucket"), ("MLFLOW_S3_ENDPOINT_URL", "https://minio:9000"), ("MLFLOW_S3_IGNORE_TLS", "true"));
    }

    [Fact]
    public async Task Gcs_with_all_options()
    {
        _model.Mlflow.WithGcsArtifactStore(
            "my_bucket",
            new() { Path = "mlflow", Credentials = _model.Secret("key"), Project = "my-project", UploadChunkSize = 262144, DownloadChunkSize = 524288 });
        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "gs://my_bucket/mlflow"),
            ("GOOGLE_APPLICATION_CREDENTIALS_CONTENT", "key-value"),
            ("GOOGLE_CLOUD_PROJECT", "my-project"),
            ("MLFLOW_GCS_UPLOAD_CHUNK_SIZE", "262144"),
            ("MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE", "524288"));
    }

    [Fact]
    public async Task Ftp_has_no_password_in_its_address()
    {
        _model.Mlflow.WithFtpArtifactStore("files.example.com", new() { UserName = "ml@flow", Password = _model.Secret("password"), Path = "mlflow" });
        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "ftp://ml%40flow@files.example.com:21/mlflow"), ("MLFLOW_FTP_PASSWORD", "password-value"));
    }

    [Fact]
    public async Task Ftp_without_a_user_is_anonymous()
    {
        _model.Mlflow.WithFtpArtifactStore("10.0.0.4", new() { Port = 2121 });
        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "ftp://10.0.0.4:2121/"));
    }

    [Fact]
    public async Task Sftp_signs_in_by_key_to_a_known_host()
    {
        _model.Mlflow.WithSftpArtifactStore(
            "files.example.com", new() { UserName = "mlflow", PrivateKey = _model.Secret("key"), KnownHosts = _model.Plain("hosts"), Path = "srv/mlflow" });
        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "sftp://mlflow@files.example.com:22/srv/mlflow"),
            ("MLFLOW_SFTP_PRIVATE_KEY", "key-value"),
            ("MLFLOW_SFTP_KNOWN_HOSTS", "hosts-value"));
    }

    [Fact]
    public async Task Hdfs_with_all_options()
    {
        _model.Mlflow.WithHdfsArtifactStore("namenode", new()
        {
            Port = 8020,
            Path = "user/mlflow",
            User = "mlflow",
            TicketCache = "/tickets/krb5cc",
            Configuration = new Dictionary<string, string> { ["dfs.replication"] = "2", ["dfs.client.use.datanode.hostname"] = "true" },
        });
        await ExpectAsync(
            ("MLFLOW_ARTIFACTS_DESTINATION", "hdfs://namenode:8020/user/mlflow"),
            ("MLFLOW_KERBEROS_USER", "mlflow"),
            ("MLFLOW_KERBEROS_TICKET_CACHE", "/tickets/krb5cc"),
            ("MLFLOW_PYARROW_EXTRA_CONF", "dfs.replication=2,dfs.client.use.datanode.hostname=true"));
    }

    [Fact]
    public async Task Hdfs_of_hadoops_own_configuration()
    {
        _model.Mlflow.WithHdfsArtifactStore();
        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "hdfs:///"));
    }

    [Fact]
    public async Task A_volume_is_mounted_for_the_server_and_the_tasks_that_use_its_store()
    {
        _model.Mlflow.WithVolumeArtifactStore();
        await ExpectAsync(("MLFLOW_ARTIFACTS_DESTINATION", "file:///mnt/artifacts"));

        var mount = Assert.Single(_model.Mlflow.Resource.Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Target == "/mnt/artifacts");
        Assert.Equal((ContainerMountType.Volume, "/mnt/artifacts", false), (mount.Type, mount.Target, mount.IsReadOnly));
        Assert.EndsWith("-mlflow-artifacts", mount.Source, StringComparison.Ordinal);
        var server = _model.Mlflow.Resource;
        foreach (var task in new[] { server.GarbageCollection, server.Backup, server.Restore, server.Import, server.Operation })
        {
            var shared = Assert.Single(task.Annotations.OfType<ContainerMountAnnotation>(), other => other.Target == mount.Target);
            Assert.Equal((mount.Type, mount.Source), (shared.Type, shared.Source));
        }

        Assert.DoesNotContain(_model.Mlflow.Resource.Migration.Annotations.OfType<ContainerMountAnnotation>(), other => other.Target == mount.Target);
    }

    [Theory]
    [InlineData("shared", null, ContainerMountType.Volume, "shared")]
    [InlineData(null, "/net/mlflow", ContainerMountType.BindMount, "/net/mlflow")]
    public void A_volume_or_folder_can_be_chosen(string? volume, string? folder, ContainerMountType type, string source)
    {
        _model.Mlflow.WithVolumeArtifactStore(new() { VolumeName = volume, HostPath = folder });

        foreach (var container in new ContainerResource[] { _model.Mlflow.Resource, _model.Mlflow.Resource.GarbageCollection })
        {
            var mount = Assert.Single(container.Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Target == "/mnt/artifacts");
            Assert.Equal((type, source), (mount.Type, mount.Source));
        }
    }

    [Fact]
    public async Task Direct_transfer_is_offered_by_the_server_and_its_sizes_reach_clients()
    {
        _model.Mlflow.WithS3ArtifactStore("my-bucket", new()
        {
            IgnoreTls = true,
            AccessKeyId = _model.Plain("id"),
            SecretAccessKey = _model.Secret("key"),
            DirectTransfer = new() { MinimumFileSize = 1000, ChunkSize = 5242880 },
        });
        var client = _model.Builder.AddContainer("client", "python").WithReference(_model.Mlflow);

        var server = await _model.EnvironmentAsync();
        Assert.Equal("true", server["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"]);
        Assert.Equal("true", server["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"]);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["MLFLOW_TRACKING_URI"] = "http://mlflow.dev.internal:5000",
                ["MLFLOW_URI"] = "http://mlflow.dev.internal:5000",
                ["services__mlflow__http__0"] = "http://mlflow.dev.internal:5000",
                ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = "1000",
                ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = "5242880",
                ["MLFLOW_S3_IGNORE_TLS"] = "true",
            },
            await client.Resource.EnvironmentAsync(_model.Builder));
    }

    public static TheoryData<string> Stores => [.. StoreCalls.All.Keys];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Nobody_but_server_and_garbage_collection_gets_anything_of_the_store(string store)
    {
        StoreCalls.All[store](_model);
        var client = _model.Builder.AddContainer("client", "python").WithReference(_model.Mlflow);

        Assert.Equal(["MLFLOW_TRACKING_URI", "MLFLOW_URI", "services__mlflow__http__0"], (await client.Resource.EnvironmentAsync(_model.Builder)).Keys);
        var ofStore = await _model.EnvironmentAsync();
        Assert.NotEmpty(ofStore);
        Assert.Empty((await _model.Mlflow.Resource.Migration.EnvironmentAsync(_model.Builder)).Keys.Intersect(ofStore.Keys));
        var collection = await _model.Mlflow.Resource.GarbageCollection.EnvironmentAsync(_model.Builder);
        Assert.Equal(ofStore, collection.Where(variable => ofStore.ContainsKey(variable.Key)).ToDictionary());
    }

    private async Task ExpectAsync(params (string Name, string Value)[] variables) =>
        Assert.Equal(variables.ToDictionary(variable => variable.Name, variable => variable.Value), await _model.EnvironmentAsync());
}

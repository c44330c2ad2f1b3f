using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace MlflowAspire.Tests.ArtifactStores;

/// <summary>Wrong options are refused where they are given, with the setting that they stand for.</summary>
[Trait("Category", "Model")]
public class StoreOptionsTests
{
    private readonly StoreModel _model = new();

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var first in StoreCalls.All.Keys)
        {
            foreach (var second in StoreCalls.All.Keys.Where(second => second != first))
            {
                pairs.Add(first, second);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_second_store_is_refused(string first, string second)
    {
        StoreCalls.All[first](_model);
        Assert.Contains(
            "MLflow server 'mlflow' has the artifact store",
            Assert.Throws<InvalidOperationException>(() => StoreCalls.All[second](_model)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("My-Bucket")]
    [InlineData("bucket/folder")]
    [InlineData("s3://bucket")]
    public void A_wrong_bucket(string bucket)
    {
        Refused("bucket", "MLFLOW_ARTIFACTS_DESTINATION", bucket, () => _model.Mlflow.WithS3ArtifactStore(bucket));
        Refused("bucket", "MLFLOW_ARTIFACTS_DESTINATION", bucket, () => _model.Mlflow.WithGcsArtifactStore(bucket));
    }

    [Theory]
    [InlineData("bucket/models")]
    [InlineData("oss://user:password@bucket/models")]
    public void A_wrong_address_of_a_store_of_ones_own(string uri) =>
        Refused("uri", "MLFLOW_ARTIFACTS_DESTINATION", uri, () => _model.Mlflow.WithArtifactStore(uri));

    [Fact]
    public void A_secret_of_ones_own_that_is_none()
    {
        var exception = Assert.Throws<ArgumentException>(() => _model.Mlflow.WithSecret("OSS_KEY", _model.Plain("oss-key")));
        Assert.Contains("'oss-key' is not a secret; it holds the environment variable OSS_KEY", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("my profile")]
    [InlineData("")]
    public void A_wrong_profile(string profile) =>
        Refused("Profile", "AWS_PROFILE", profile, () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { Profile = profile }));

    [Fact]
    public void An_access_key_beside_a_profile() => Refused("AccessKeyId", "AWS_ACCESS_KEY_ID", "id", () => _model.Mlflow.WithS3ArtifactStore(
        "bucket", new() { AccessKeyId = _model.Plain("id"), SecretAccessKey = _model.Secret("key"), Profile = "my-profile" }));

    [Theory]
    [InlineData("")]
    [InlineData("/folder")]
    [InlineData("folder/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData("with space")]
    [InlineData("a%20b")]
    [InlineData("a?b")]
    public void A_wrong_path(string path)
    {
        Refused("Path", "MLFLOW_ARTIFACTS_DESTINATION", path, () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { Path = path }));
        Refused("Path", "MLFLOW_ARTIFACTS_DESTINATION", path, () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { Path = path }));
        Refused("Path", "MLFLOW_ARTIFACTS_DESTINATION", path, () => _model.Mlflow.WithFtpArtifactStore("ftp", new() { Path = path }));
        Refused("Path", "MLFLOW_ARTIFACTS_DESTINATION", path, () => _model.Mlflow.WithHdfsArtifactStore("namenode", new() { Path = path }));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a/b.c/_d-1")]
    [InlineData(".hidden/..x")]
    public void A_right_path(string path) => _model.Mlflow.WithS3ArtifactStore("bucket", new() { Path = path });

    [Theory]
    [InlineData("ftp://files.example.com")]
    [InlineData("files.example.com:21")]
    [InlineData("user@files.example.com")]
    [InlineData("")]
    public void A_wrong_host(string host)
    {
        Refused("host", "MLFLOW_ARTIFACTS_DESTINATION", host, () => _model.Mlflow.WithFtpArtifactStore(host));
        Refused("host", "MLFLOW_ARTIFACTS_DESTINATION", host, () => _model.Mlflow.WithSftpArtifactStore(host, Sftp()));
        Refused("nameNode", "MLFLOW_ARTIFACTS_DESTINATION", host, () => _model.Mlflow.WithHdfsArtifactStore(host));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    public void A_wrong_port(int port)
    {
        Refused("Port", "MLFLOW_ARTIFACTS_DESTINATION", port, () => _model.Mlflow.WithFtpArtifactStore("ftp", new() { Port = port }));
        Refused("Port", "MLFLOW_ARTIFACTS_DESTINATION", port, () => _model.Mlflow.WithHdfsArtifactStore("namenode", new() { Port = port }));
    }

    [Theory]
    [InlineData("minio:9000")]
    [InlineData("ftp://minio")]
    [InlineData("https://key:secret@minio")]
    public void A_wrong_endpoint(string url) => Refused(
        "EndpointUrl",
        "MLFLOW_S3_ENDPOINT_URL",
        url,
        () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { EndpointUrl = ReferenceExpression.Create($"{url}") }));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"ACL\":")]
    [InlineData("text")]
    public void Upload_arguments_that_are_no_json_object(string json) => Refused(
        "UploadExtraArguments", "MLFLOW_S3_UPLOAD_EXTRA_ARGS", json, () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { UploadExtraArguments = json }));

    [Fact]
    public void A_wrong_region() =>
        Refused("Region", "AWS_DEFAULT_REGION", "Frankfurt!", () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { Region = "Frankfurt!" }));

    [Fact]
    public void Certificates_that_would_be_ignored() => Assert.Contains(
        "MLFLOW_S3_IGNORE_TLS",
        Assert.Throws<ArgumentException>(() => _model.Mlflow.WithS3ArtifactStore("bucket", new() { IgnoreTls = true, CaBundle = _model.Plain("ca") })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Half_of_the_credentials()
    {
        Assert.Equal(
            "SecretAccessKey",
            Assert.Throws<ArgumentException>(() => _model.Mlflow.WithS3ArtifactStore("bucket", new() { AccessKeyId = _model.Plain("id") })).ParamName);
        Assert.Equal(
            "AccessKeyId",
            Assert.Throws<ArgumentException>(() => _model.Mlflow.WithS3ArtifactStore("bucket", new() { SecretAccessKey = _model.Secret("key") })).ParamName);
        Assert.Equal("Password", Assert.Throws<ArgumentException>(() => _model.Mlflow.WithFtpArtifactStore("ftp", new() { UserName = "mlflow" })).ParamName);
        Assert.Equal(
            "UserName",
            Assert.Throws<ArgumentException>(() => _model.Mlflow.WithFtpArtifactStore("ftp", new() { Password = _model.Secret("password") })).ParamName);
    }

    [Fact]
    public void Secrets_in_parameters_that_are_not_secret()
    {
        var plain = _model.Plain("plain");
        NotSecret("SecretAccessKey", () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { AccessKeyId = plain, SecretAccessKey = plain }));
        NotSecret("Credentials", () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { Credentials = plain }));
        NotSecret("Password", () => _model.Mlflow.WithFtpArtifactStore("ftp", new() { UserName = "mlflow", Password = plain }));
        NotSecret("PrivateKey", () => _model.Mlflow.WithSftpArtifactStore("sftp", new() { UserName = "mlflow", PrivateKey = plain, KnownHosts = plain }));

        static void NotSecret(string option, Action call)
        {
            var exception = Assert.Throws<ArgumentException>(call);
            Assert.Equal(option, exception.ParamName);
            Assert.Contains("the parameter 'plain', which is not secret", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("user@domain")]
    [InlineData("")]
    public void A_user_that_mlflow_cannot_take_from_an_address(string user) =>
        Refused("UserName", "MLFLOW_ARTIFACTS_DESTINATION", user, () => _model.Mlflow.WithSftpArtifactStore("sftp", Sftp(user)));

    [Theory]
    [InlineData(0)]
    [InlineData(-262144)]
    [InlineData(1000000)]
    public void A_chunk_size_that_google_does_not_take(int size)
    {
        Refused("UploadChunkSize", "MLFLOW_GCS_UPLOAD_CHUNK_SIZE", size, () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { UploadChunkSize = size }));
        Refused(
            "DownloadChunkSize",
            "MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE",
            size,
            () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { DownloadChunkSize = size }));
    }

    [Fact]
    public void A_wrong_project() =>
        Refused("Project", "GOOGLE_CLOUD_PROJECT", "My Project", () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { Project = "My Project" }));

    [Fact]
    public void Sizes_of_direct_transfer_out_of_range()
    {
        Refused(
            "MinimumFileSize",
            "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE",
            0,
            () => _model.Mlflow.WithS3ArtifactStore("bucket", new() { DirectTransfer = new() { MinimumFileSize = 0 } }));
        Refused(
            "ChunkSize",
            "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE",
            1024,
            () => _model.Mlflow.WithGcsArtifactStore("bucket", new() { DirectTransfer = new() { ChunkSize = 1024 } }));
    }

    [Fact]
    public void Wrong_options_of_hdfs()
    {
        Refused("Port", "MLFLOW_ARTIFACTS_DESTINATION", 8020, () => _model.Mlflow.WithHdfsArtifactStore(options: new() { Port = 8020 }));
        Refused(
            "TicketCache", "MLFLOW_KERBEROS_TICKET_CACHE", "krb5cc", () => _model.Mlflow.WithHdfsArtifactStore("namenode", new() { TicketCache = "krb5cc" }));
        Refused("User", "MLFLOW_KERBEROS_USER", "", () => _model.Mlflow.WithHdfsArtifactStore("namenode", new() { User = "" }));
        foreach (var (name, value) in new[] { ("", "1"), ("a=b", "1"), ("a,b", "1"), ("a", "1,2") })
        {
            Refused(
                "Configuration",
                "MLFLOW_PYARROW_EXTRA_CONF",
                $"{name}={value}",
                () => _model.Mlflow.WithHdfsArtifactStore("namenode", new() { Configuration = new Dictionary<string, string> { [name] = value } }));
        }
    }

    [Fact]
    public void A_volume_and_a_folder_at_once() =>
        Refused(
            "HostPath",
            "MLFLOW_ARTIFACTS_DESTINATION",
            "/net",
            () => _model.Mlflow.WithVolumeArtifactStore(new() { VolumeName = "volume", HostPath = "/net" }));

    private SftpArtifactStoreOptions Sftp(string user = "mlflow") =>
        new() { UserName = user, PrivateKey = _model.Secret($"key-{Guid.NewGuid():N}"), KnownHosts = _model.Plain($"hosts-{Guid.NewGuid():N}") };

    private static void Refused(string option, string setting, object value, Action call)
    {
        var exception = Assert.Throws<ArgumentException>(call);
        Assert.Equal(option, exception.ParamName);
        Assert.Contains($"{option} ({setting}) is '{value}'; accepted: ", exception.Message, StringComparison.Ordinal);
    }
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>How the MLflow server reaches and uses an S3 bucket.</summary>
[AspireDto]
public sealed class S3ArtifactStoreOptions
{
    /// <summary>The folder of the bucket that artifacts go below, such as <c>teams/vision</c>; by default the bucket itself.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// The address of an S3-compatible server (<c>MLFLOW_S3_ENDPOINT_URL</c>), http or https; by default Amazon's. It can be an endpoint of another resource:
    /// <c>ReferenceExpression.Create($"{minio.GetEndpoint("http")}")</c>.
    /// </summary>
    public ReferenceExpression? EndpointUrl { get; init; }

    /// <summary>The region of the bucket (<c>AWS_DEFAULT_REGION</c>), such as <c>eu-central-1</c>.</summary>
    public string? Region { get; init; }

    /// <summary>
    /// The profile (<c>AWS_PROFILE</c>) of <see cref="SharedCredentials"/>, or of a file that is mounted at <c>/tmp/.aws/credentials</c>; by default
    /// <c>default</c>.
    /// </summary>
    public string? Profile { get; init; }

    /// <summary>
    /// The text of a file of profiles such as <c>~/.aws/credentials</c> (<c>AWS_SHARED_CREDENTIALS_FILE</c>, which names a file with this content in the
    /// container); a secret parameter.
    /// </summary>
    public IResourceBuilder<ParameterResource>? SharedCredentials { get; init; }

    /// <summary>
    /// The access key (<c>AWS_ACCESS_KEY_ID</c>), together with <see cref="SecretAccessKey"/>. Without them the server takes what its environment gives it,
    /// such as a role (boto3's own search for credentials).
    /// </summary>
    public IResourceBuilder<ParameterResource>? AccessKeyId { get; init; }

    /// <summary>The secret of the access key (<c>AWS_SECRET_ACCESS_KEY</c>); a secret parameter.</summary>
    public IResourceBuilder<ParameterResource>? SecretAccessKey { get; init; }

    /// <summary>
    /// Accepts any certificate of the S3 server (<c>MLFLOW_S3_IGNORE_TLS</c>, default false). Data and credentials can then be read by whoever stands between:
    /// prefer <see cref="CaBundle"/>; the two exclude each other.
    /// </summary>
    public bool IgnoreTls { get; init; }

    /// <summary>
    /// The certificates, as PEM text, of the authorities that vouch for the S3 server (<c>AWS_CA_BUNDLE</c>, which names a file with this content in the
    /// container).
    /// </summary>
    public IResourceBuilder<ParameterResource>? CaBundle { get; init; }

    /// <summary>
    /// Further arguments of every upload, a JSON object (<c>MLFLOW_S3_UPLOAD_EXTRA_ARGS</c>), such as <c>{"ServerSideEncryption":"aws:kms"}</c>.
    /// It is not kept secret.
    /// </summary>
    public string? UploadExtraArguments { get; init; }

    /// <summary>
    /// Lets clients send and get file contents directly, by presigned URLs. Only where clients reach the S3 server under the same address as the
    /// MLflow server does; by default all goes through the MLflow server.
    /// </summary>
    public DirectTransferOptions? DirectTransfer { get; init; }
}

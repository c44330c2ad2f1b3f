using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps artifacts in a bucket of Amazon S3 or of an S3-compatible server. Clients send and get them through the server, so that
    /// they need no credentials of the store.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="bucket">The bucket, which exists.</param>
    /// <param name="options">Address, credentials and use of the bucket.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The bucket's name or an option is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an artifact store already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithS3ArtifactStore(
        this IResourceBuilder<MlflowServerResource> builder, string bucket, S3ArtifactStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(bucket);
        options ??= new();
        Setting.Require(
            S3BucketPattern().IsMatch(bucket),
            nameof(bucket), "MLFLOW_ARTIFACTS_DESTINATION", bucket, "3 to 63 lower-case letters, digits, '.' and '-', such as 'mlflow-artifacts'");
        options.Check();

        var uri = $"s3://{bucket}{Setting.UriPath(options.Path)}";
        return builder
            .WithArtifactStore(uri, options.Apply)
            .WithDirectTransfer(options.DirectTransfer, options.IgnoreTls ? [new("MLFLOW_S3_IGNORE_TLS", "true")] : []);
    }

    private static void Check(this S3ArtifactStoreOptions options)
    {
        Setting.RequirePath(options.Path);
        options.DirectTransfer?.Check();
        Setting.RequireBothOrNone(options.AccessKeyId, nameof(options.AccessKeyId), options.SecretAccessKey, nameof(options.SecretAccessKey));
        Setting.RequireSecret(options.SecretAccessKey, nameof(options.SecretAccessKey));
        Setting.RequireSecret(options.SharedCredentials, nameof(options.SharedCredentials));
        Setting.Require(
            options.AccessKeyId is null || (options.Profile is null && options.SharedCredentials is null),
            nameof(options.AccessKeyId), "AWS_ACCESS_KEY_ID", options.AccessKeyId?.Resource.Name, "an access key or a profile, not both");
        Setting.Require(
            options.Profile is null || ProfilePattern().IsMatch(options.Profile),
            nameof(options.Profile), "AWS_PROFILE", options.Profile, "the name of a profile, such as 'my-profile'");
        Setting.Require(
            !options.IgnoreTls || options.CaBundle is null, nameof(options.IgnoreTls), "MLFLOW_S3_IGNORE_TLS", true,
            "false together with CaBundle (AWS_CA_BUNDLE), whose certificates would be ignored");
        Setting.Require(
            options.Region is null || S3RegionPattern().IsMatch(options.Region),
            nameof(options.Region), "AWS_DEFAULT_REGION", options.Region, "the name of a region, such as 'eu-central-1'");
        // An address that refers to other resources is known later.
        Setting.Require(
            options.EndpointUrl is not { ValueProviders.Count: 0, Format: var url }
                || (Uri.TryCreate(url, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "" }),
            nameof(options.EndpointUrl), "MLFLOW_S3_ENDPOINT_URL", options.EndpointUrl?.Format,
            "an http or https address without user, such as 'https://minio.example.com:9000'");
        Setting.Require(
            options.UploadExtraArguments is null || IsJsonObject(options.UploadExtraArguments),
            nameof(options.UploadExtraArguments), "MLFLOW_S3_UPLOAD_EXTRA_ARGS", options.UploadExtraArguments,
            """a JSON object, such as '{"ServerSideEncryption":"aws:kms"}'""");
    }

    private static void Apply(this S3ArtifactStoreOptions options, Dictionary<string, object> environment)
    {
        environment.SetIfGiven("MLFLOW_S3_ENDPOINT_URL", options.EndpointUrl);
        environment.SetIfGiven("AWS_DEFAULT_REGION", options.Region);
        environment.SetIfGiven("AWS_PROFILE", options.Profile);
        environment.SetIfGiven("AWS_SHARED_CREDENTIALS_FILE_CONTENT", options.SharedCredentials?.Resource);
        environment.SetIfGiven("AWS_ACCESS_KEY_ID", options.AccessKeyId?.Resource);
        environment.SetIfGiven("AWS_SECRET_ACCESS_KEY", options.SecretAccessKey?.Resource);
        environment.SetIfGiven("MLFLOW_S3_IGNORE_TLS", options.IgnoreTls ? "true" : null);
        environment.SetIfGiven("AWS_CA_BUNDLE_CONTENT", options.CaBundle?.Resource);
        environment.SetIfGiven("MLFLOW_S3_UPLOAD_EXTRA_ARGS", options.UploadExtraArguments);
    }

    private static bool IsJsonObject(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex S3BucketPattern();

    [GeneratedRegex("^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$")]
    private static partial Regex S3RegionPattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
    private static partial Regex ProfilePattern();
}

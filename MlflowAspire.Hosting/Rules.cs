using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting;

/// <summary>The rules of the settings of a server.</summary>
internal static partial class Rules
{
    /// <summary>What the address of a provider's configuration ends with.</summary>
    public const string DiscoveryPath = "/.well-known/openid-configuration";

    public static Rule<string> MlflowVersion { get; } = new(
        "MLFLOW_VERSION", $"{MlflowImage.Version}, which the image is made for", version => version == MlflowImage.Version);

    public static Rule<string> CACertificates { get; } = new(
        "MLFLOW_CA_CERTIFICATES", "a file of certificates as PEM text, of 100,000 characters at most", path => PemFile.CertificatesOf(path) is not null);

    public static Rule<int> Port { get; } = Range("of this machine", 0, 65535);

    public static Rule<string> BindAddress { get; } = new(
        "of this machine", "an IPv4 address of this machine, or 0.0.0.0 for all of them",
        text => IPAddress.TryParse(text, out var address) && address.AddressFamily is AddressFamily.InterNetwork && address.ToString() == text);

    public static Rule<string> AllowedHost { get; } = new(
        "MLFLOW_SERVER_ALLOWED_HOSTS", "host names with or without a port, such as 'mlflow.example.com' or '*.example.com:8443'",
        host => HostPattern().IsMatch(host) && host.Trim('*', '.').Length > 0);

    public static Rule<int> Workers { get; } = Range("MLFLOW_WORKERS", 1, 64);

    public static Rule<double> Cores { get; } = Range("of the server", 0.25, 64);

    public static Rule<double> MemoryGiB { get; } = Range("of the server", 0.5, 256);

    public static Rule<int> Replicas { get; } = Range("MLFLOW_SERVER_REPLICAS", 1, 30);

    public static Rule<int> SecretVersion { get; } = Range("the version of a secret", 1, int.MaxValue);

    public static Rule<int> MaxArtifactMebibytes { get; } = Range("MLFLOW_SERVER_MAX_ARTIFACT_MEBIBYTES", 1, 1048576);

    public static Rule<TimeSpan> ArtifactTimeout { get; } = new(
        "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", "a whole number of seconds from 1 to 86400, or -1 for no limit",
        time => time == NoArtifactTimeout || IsWholeSeconds(time, 1, 86400));

    public static Rule<TimeSpan> StatementTimeout { get; } = new(
        "MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS", "a whole number of seconds from 1 to 3600, or 0 for no limit", time => IsWholeSeconds(time, 0, 3600));

    public static Rule<TimeSpan> CredentialCache { get; } = new(
        "auth_cache_ttl_seconds", "a whole number of seconds from 0 to 3600", time => IsWholeSeconds(time, 0, 3600));

    public static Rule<string> DiscoveryUrl { get; } = new(
        "OIDC_DISCOVERY_URL", $"the address of a provider's configuration, such as https://login.example.com{DiscoveryPath}",
        text => IsWebAddress(text) && text.EndsWith(DiscoveryPath, StringComparison.Ordinal));

    /// <summary>The keys that tokens are signed with come from there.</summary>
    public static Rule<string> PublishedDiscoveryUrl { get; } = new(
        "OIDC_DISCOVERY_URL", "an address by https, as the keys of the provider come from there",
        text => text.StartsWith("https:", StringComparison.OrdinalIgnoreCase));

    public static Rule<string> Issuer { get; } = new(
        "OIDC_ISSUER", "the issuer that the provider's configuration names, such as https://login.example.com/", IsWebAddress);

    /// <summary>Without one the plugin would take tokens that were made for another application.</summary>
    public static Rule<string> Audience { get; } = new("OIDC_AUDIENCE", "a name", text => text.Trim().Length > 0);

    public static Rule<int> AccessTokenDays { get; } = Range("MLFLOW_OIDC_ACCESS_TOKEN_DAYS", 0, 365);

    public static Rule<string> ArtifactStore { get; } = new(
        "MLFLOW_ARTIFACTS_DESTINATION", "an address such as 'oss://bucket/path', without a password",
        text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && !uri.UserInfo.Contains(':', StringComparison.Ordinal));

    /// <summary>MLflow takes paths as they stand in the URI, without decoding: so nothing that would need it is accepted.</summary>
    public static Rule<string> ArtifactPath { get; } = new(
        "MLFLOW_ARTIFACTS_DESTINATION",
        "folders separated by '/', without one at either end, of letters, digits, '.', '_' and '-', such as 'teams/vision'", PathPattern().IsMatch);

    /// <summary>How MLflow writes that there is no limit.</summary>
    public static TimeSpan NoArtifactTimeout { get; } = TimeSpan.FromSeconds(-1);

    /// <summary>Replicas that run jobs would each have a queue of their own.</summary>
    public static bool LackQueue(int replicas, bool jobs, bool hasQueue) => replicas > 1 && jobs && !hasQueue;

    public static Rule<int> Range(string setting, int minimum, int maximum) =>
        new(setting, $"a whole number from {minimum} to {maximum}", number => number >= minimum && number <= maximum);

    private static Rule<double> Range(string setting, double minimum, double maximum) =>
        new(setting, FormattableString.Invariant($"a number from {minimum} to {maximum}"), number => number >= minimum && number <= maximum);

    private static bool IsWholeSeconds(TimeSpan time, int minimum, int maximum) =>
        time.Ticks % TimeSpan.TicksPerSecond == 0 && time.TotalSeconds >= minimum && time.TotalSeconds <= maximum;

    private static bool IsWebAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    [GeneratedRegex(@"^[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?(:[0-9]{1,5})?$")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"^(?!\.{1,2}(/|$))[A-Za-z0-9._-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)*$")]
    private static partial Regex PathPattern();
}

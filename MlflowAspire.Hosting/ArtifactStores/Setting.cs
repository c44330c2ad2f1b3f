using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>Checks the options of artifact stores where they are given, so that nothing starts with a wrong one.</summary>
internal static partial class Setting
{
    /// <summary>Refuses a value, with the option, the setting that it stands for and what is accepted.</summary>
    /// <exception cref="ArgumentException">The value is not accepted.</exception>
    public static void Require(bool accepted, string option, string meaning, object? value, string expected)
    {
        if (!accepted)
        {
            throw new ArgumentException($"{option} ({meaning}) is '{value}'; accepted: {expected}.", option);
        }
    }

    /// <summary>Two options that make sense only together.</summary>
    /// <exception cref="ArgumentException">One of them is missing.</exception>
    public static void RequireBothOrNone(object? first, string firstOption, object? second, string secondOption)
    {
        if (first is null != second is null)
        {
            var missing = first is null ? firstOption : secondOption;
            throw new ArgumentException($"{firstOption} and {secondOption} are given together or not at all; {missing} is missing.", missing);
        }
    }

    /// <summary>A secret must not be published or shown in plain.</summary>
    /// <exception cref="ArgumentException">The parameter is not secret.</exception>
    public static void RequireSecret(IResourceBuilder<ParameterResource>? parameter, string option)
    {
        if (parameter is { Resource.Secret: false })
        {
            throw new ArgumentException(
                $"{option} is the parameter '{parameter.Resource.Name}', which is not secret; accepted: AddParameter(…, secret: true).", option);
        }
    }

    /// <summary>A path below a bucket, a container or a host; null for none.</summary>
    public static void RequirePath(string? path, string option = "Path")
    {
        if (path is not null)
        {
            Rules.ArtifactPath.Require(path, option);
        }
    }

    /// <summary>The name or IPv4 address of a host.</summary>
    public static void RequireHost(string host, string option) => Require(
        HostPattern().IsMatch(host), option, "MLFLOW_ARTIFACTS_DESTINATION", host, "a host name without scheme and port, such as 'files.example.com'");

    /// <summary>The port of a host.</summary>
    public static void RequirePort(int? port, string option = "Port") => Require(
        port is null or (>= 1 and <= 65535), option, "MLFLOW_ARTIFACTS_DESTINATION", port, "1 to 65535");

    /// <summary>A path of a URI; the first slash is the one after the host.</summary>
    public static string UriPath(string? path) => path is null ? "" : $"/{path}";

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
    private static partial Regex HostPattern();
}

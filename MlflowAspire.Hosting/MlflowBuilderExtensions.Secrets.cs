using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>Sets the versions of the generated secrets. A new version takes the value that its parameter has when it is published first.</summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="versions">The versions, 1 or more.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A version is less than 1.</exception>
    public static IResourceBuilder<MlflowServerResource> WithSecretVersions(this IResourceBuilder<MlflowServerResource> builder, MlflowSecretVersions versions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(versions);
        foreach (var (name, value) in versions.All)
        {
            Rules.SecretVersion.Require(value, name);
        }

        builder.Resource.SecretVersions = versions;
        return builder;
    }

    /// <summary>Sets an environment variable of the server to a secret.</summary>
    internal static IResourceBuilder<MlflowServerResource> WithSecret(
        this IResourceBuilder<MlflowServerResource> builder, string variable, IResourceBuilder<ParameterResource> secret, Func<MlflowSecretVersions, int>? version = null)
    {
        var (server, secrets) = (builder.Resource, builder.Resource.Secrets);
        secrets.Add(secret.Resource, version is null ? null : () => version(server.SecretVersions));
        return builder.WithEnvironment(context => context.EnvironmentVariables[variable] = secrets.ValueOf(secret.Resource));
    }
}

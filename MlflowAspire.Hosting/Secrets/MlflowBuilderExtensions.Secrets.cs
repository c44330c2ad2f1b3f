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
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithSecretVersions(
        this IResourceBuilder<MlflowServerResource> builder, MlflowSecretVersions versions)
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

    /// <summary>
    /// Sets an environment variable of the server and of its tasks to a secret: of an artifact store of your own, or of a provider of models. A published
    /// server reads it from its key vault, where it has one.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="name">The name of the variable, such as <c>OPENAI_API_KEY</c>.</param>
    /// <param name="secret">The value, a secret.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The parameter is no secret.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithSecret(
        this IResourceBuilder<MlflowServerResource> builder, string name, IResourceBuilder<ParameterResource> secret)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(secret);
        secret.RequireSecret($"the environment variable {name}", nameof(secret));
        var secrets = builder.Resource.Secrets;
        secrets.Add(secret.Resource);
        return builder.WithStoreEnvironment(context => context.EnvironmentVariables[name] = secrets.ValueOf(secret.Resource));
    }

    /// <summary>Sets an environment variable of the server, and of no task, to a secret.</summary>
    internal static IResourceBuilder<MlflowServerResource> WithServerSecret(
        this IResourceBuilder<MlflowServerResource> builder,
        string variable,
        IResourceBuilder<ParameterResource> secret,
        Func<MlflowSecretVersions, int>? version = null)
    {
        var (server, secrets) = (builder.Resource, builder.Resource.Secrets);
        secrets.Add(secret.Resource, version is null ? null : () => version(server.SecretVersions));
        return builder.WithEnvironment(context => context.EnvironmentVariables[variable] = secrets.ValueOf(secret.Resource));
    }
}

using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Installs litellm in the image of all MLflow servers and clients of the app host. MLflow calls through it those providers of the AI gateway that it does
    /// not call itself, such as Cohere and Together AI; without it they are refused when a model is defined.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="version">The version of the package, such as <c>1.83.0</c>. It comes from PyPI, or the index that <c>pip</c> asks in the image.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">That is no version.</exception>
    public static IResourceBuilder<MlflowServerResource> WithLiteLlm(this IResourceBuilder<MlflowServerResource> builder, string version)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(version);
        if (!PackageVersion().IsMatch(version))
        {
            throw new ArgumentException($"'{version}' is not a version of litellm (LITELLM_VERSION). Accepted is one such as '1.83.0'.", nameof(version));
        }

        // Containers that are added later have the image too.
        builder.ApplicationBuilder.OnBeforeStart((start, _) =>
        {
            foreach (var container in start.Model.Resources)
            {
                container.InstallLiteLlm(version);
            }

            return Task.CompletedTask;
        });
        return builder;
    }

    private static void InstallLiteLlm(this IResource container, string version)
    {
        // Another content has another tag: an app host without litellm does not run this image.
        if (container.TryGetLastAnnotation<ContainerImageAnnotation>(out var image) && image is { Image: MlflowImage.Name }
            && image.Tag?.StartsWith(MlflowImage.Tag, StringComparison.Ordinal) is true)
        {
            image.Tag += $"-litellm-{version}";
        }

        if (container.TryGetLastAnnotation<DockerfileBuildAnnotation>(out var build) && build.ContextPath == MlflowImage.ContextPath)
        {
            build.BuildArguments["LITELLM_VERSION"] = version;
        }
    }

    [GeneratedRegex(@"\A\d+(\.\d+){1,3}([a-z]+\d*)?\z")]
    private static partial Regex PackageVersion();
}

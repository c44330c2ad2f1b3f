using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Runs server, tasks and Python clients from an image that exists, so that nothing is built. It is made by the Dockerfile of this package, or from an
    /// image that is.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="image">The image with its registry and a tag or digest, such as <c>registry.example.com/ml/mlflow-aspire:3.17.2</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">It is no name of an image, or has neither tag nor digest.</exception>
    /// <exception cref="InvalidOperationException">The server has an image already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithServerImage(this IResourceBuilder<MlflowServerResource> builder, string image)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(image);
        s_image.Require(image, nameof(image));
        return builder.ChangeImage(container =>
        {
            foreach (var annotation in container.Annotations
                .Where(one => one is DockerfileBuildAnnotation or ContainerImageAnnotation or ContainerImagePullPolicyAnnotation)
                .ToList())
            {
                container.Annotations.Remove(annotation);
            }

            builder.ApplicationBuilder.CreateResourceBuilder(container).WithImage(image);
        });
    }

    /// <summary>
    /// Builds the image of server, tasks and Python clients from another base or with further Python packages.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="build">What it is built from.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A version, an image or a package is wrong.</exception>
    /// <exception cref="InvalidOperationException">The server has an image already.</exception>
    [AspireExport("withServerImageBuild")]
    public static IResourceBuilder<MlflowServerResource> WithServerImage(this IResourceBuilder<MlflowServerResource> builder, MlflowImageBuild build)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(build);
        Dictionary<string, string> arguments = [];
        if (build.MlflowVersion is { } version)
        {
            Rules.MlflowVersion.Require(version, nameof(build.MlflowVersion));
            arguments["MLFLOW_VERSION"] = version;
        }

        if (build.BaseImage is { } baseImage)
        {
            s_image.Require(baseImage, nameof(build.BaseImage));
            arguments["BASE_IMAGE"] = baseImage;
        }

        foreach (var package in build.PythonPackages)
        {
            s_package.Require(package, nameof(build.PythonPackages));
        }

        if (build.PythonPackages is not [])
        {
            arguments["PYTHON_PACKAGES"] = string.Join(' ', build.PythonPackages);
        }

        // Another content has another tag: servers of other builds do not run this image.
        var content = string.Join('\n', arguments.Select(argument => $"{argument.Key}={argument.Value}"));
        var suffix = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..12];
        return builder.ChangeImage(container =>
        {
            if (container.TryGetLastAnnotation<DockerfileBuildAnnotation>(out var dockerfile))
            {
                foreach (var (name, value) in arguments)
                {
                    dockerfile.BuildArguments[name] = value;
                }
            }

            if (container.TryGetLastAnnotation<ContainerImageAnnotation>(out var image)
                && image.Tag?.StartsWith(MlflowImage.Tag, StringComparison.Ordinal) is true)
            {
                image.Tag += $"-{suffix}";
            }
        });
    }

    private static IResourceBuilder<MlflowServerResource> ChangeImage(this IResourceBuilder<MlflowServerResource> builder, Action<ContainerResource> change)
    {
        var server = builder.Resource;
        if (server.HasOwnImage)
        {
            throw new InvalidOperationException($"MLflow server '{server.Name}' has an image already; WithServerImage is called once.");
        }

        server.HasOwnImage = true;
        // Late: tasks and clients may be added after this call.
        builder.ApplicationBuilder.OnBeforeStart((start, _) =>
        {
            foreach (var container in start.Model.Resources.OfType<ContainerResource>())
            {
                if (container.Annotations.OfType<ImageOfServerAnnotation>().Any(image => image.Server == server))
                {
                    change(container);
                }
            }

            return Task.CompletedTask;
        });
        return builder;
    }

    private static readonly Rule<string> s_image = new(
        "of the image", "a name with a tag or digest, such as 'registry.example.com/ml/mlflow-aspire:3.17.2'",
        image => ImagePattern().IsMatch(image) && !image.EndsWith(":latest", StringComparison.Ordinal));

    private static readonly Rule<string> s_package = new(
        "PYTHON_PACKAGES", "a package with its version, such as 'litellm==1.83.0'", package => PackagePattern().IsMatch(package));

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9.-]*(:[0-9]+(?=/))?(/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})\z")]
    private static partial Regex ImagePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.+!]+\z")]
    private static partial Regex PackagePattern();
}

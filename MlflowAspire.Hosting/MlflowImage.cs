using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>The image that server, tasks and sample clients share.</summary>
internal static class MlflowImage
{
    /// <summary>The version of MLflow; the image's Dockerfile has the same default.</summary>
    public const string Version = "3.17.2";

    /// <summary>The folder of the Dockerfile, which is copied beside the app host's assemblies.</summary>
    private static string ContextPath => Path.Combine(AppContext.BaseDirectory, "images", "mlflow");

    /// <summary>Runs the container from the image, with no more rights than it needs.</summary>
    public static IResourceBuilder<T> WithMlflowImage<T>(this IResourceBuilder<T> builder) where T : ContainerResource => builder
        .WithImage("mlflow-aspire")
        .WithDockerfile(ContextPath)
        .WithBuildArg("MLFLOW_VERSION", Version)
        // The image has a user without root rights and writes to /tmp alone.
        .WithContainerRuntimeArgs("--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL", "--security-opt", "no-new-privileges");
}

using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>The image that server, tasks and sample clients share.</summary>
[AspireExportIgnore(Reason = "Internal.")]
internal static class MlflowImage
{
    /// <summary>The version of MLflow that the image is made for: its Dockerfile refuses a base that has another.</summary>
    public const string Version = "3.17.2";

    /// <summary>The name of the image on this machine.</summary>
    public const string Name = "mlflow-aspire";

    private static readonly Lazy<string> s_tag = new(() => $"{Version}-{Hash(ContextPath)}");

    /// <summary>
    /// The tag of the image on this machine. It names the content that the image is built from: a start finds the image of the last one, and app hosts with
    /// different sources never run each other's.
    /// </summary>
    public static string Tag => s_tag.Value;

    /// <summary>The folder of the Dockerfile, which is copied beside the app host's assemblies.</summary>
    public static string ContextPath => Path.Combine(AppContext.BaseDirectory, "images", "mlflow");

    /// <summary>Runs the container from the image, with no more rights than it needs.</summary>
    /// <param name="builder">The container.</param>
    /// <param name="server">The server whose image it is.</param>
    /// <param name="builds">Whether this container builds the image in a local run, where one does so for all that start after it.</param>
    public static IResourceBuilder<T> WithMlflowImage<T>(this IResourceBuilder<T> builder, MlflowServerResource server, bool builds = false)
        where T : ContainerResource
    {
        builder
            .WithAnnotation(new ImageOfServerAnnotation(server))
            .WithImage(Name)
            // The image has a user without root rights and writes only to /tmp.
            .WithContainerRuntimeArgs("--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL", "--security-opt", "no-new-privileges");
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder.FromDockerfile();
        }

        // A trusted developer certificate is copied into each container, which a read-only one refuses: it would not start. One call leaves one copy.
        builder.WithDeveloperCertificateTrust(false).WithoutHttpsCertificate();

        // WithDockerfile makes up a name for each resource and a tag for each start, until an image is named after it.
        return builds
            ? builder.FromDockerfile().WithImage(Name, Tag)
            : builder.WithImage(Name, Tag).WithImagePullPolicy(ImagePullPolicy.Never);
    }

    private static IResourceBuilder<T> FromDockerfile<T>(this IResourceBuilder<T> builder) where T : ContainerResource =>
        builder.WithDockerfile(ContextPath).WithBuildArg("MLFLOW_VERSION", Version);

    private static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\0{Path.GetRelativePath(folder, file)}\0"));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash())[..12];
    }
}

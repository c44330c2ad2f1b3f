using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    private const string CACertificatesVariable = "MLFLOW_CA_CERTIFICATES";

    /// <summary>
    /// Has the server and its tasks trust certification authorities beside the public ones (<c>MLFLOW_CA_CERTIFICATES</c>), locally and published: that of a
    /// provider of models, of an artifact store or of a proxy inside the company.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="file">
    /// A file of certificates as PEM text, also relative to the folder of the app host. It is read now, and its certificates are published in plain; what else
    /// is in it, such as a private key, is left out.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">There is no such file, or it is none of certificates.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithCACertificates(this IResourceBuilder<MlflowServerResource> builder, string file)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(file);
        var path = Path.GetFullPath(file, builder.ApplicationBuilder.AppHostDirectory);
        var certificates = PemFile.CertificatesOf(path) ?? throw Rules.CACertificates.Fault(path, nameof(file));
        return builder.SetCACertificates(() => certificates);
    }

    /// <summary>
    /// Has the server and its tasks trust certification authorities beside the public ones (<c>MLFLOW_CA_CERTIFICATES</c>), which whoever starts or deploys
    /// the app host hands over.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="certificates">The certificates as PEM text. A key vault may keep them, where the parameter is a secret.</param>
    /// <returns>The builder.</returns>
    [AspireExport("withCACertificatesParameter")]
    public static IResourceBuilder<MlflowServerResource> WithCACertificates(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<ParameterResource> certificates)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(certificates);
        var (parameter, secrets) = (certificates.Resource, builder.Resource.Secrets);
        if (parameter.Secret)
        {
            secrets.Add(parameter);
        }

        return builder.SetCACertificates(() => secrets.ValueOf(parameter));
    }

    private static IResourceBuilder<MlflowServerResource> SetCACertificates(this IResourceBuilder<MlflowServerResource> builder, Func<object> value)
    {
        builder.ApplicationBuilder.CreateResourceBuilder(builder.Resource.Migration).WithEnvironment(Set);
        return builder.WithStoreEnvironment(Set);

        void Set(EnvironmentCallbackContext context) => context.EnvironmentVariables[CACertificatesVariable] = value();
    }
}

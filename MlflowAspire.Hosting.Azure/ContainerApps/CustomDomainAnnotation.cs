using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The domain that a server is published under beside the one of its environment.</summary>
/// <param name="Name">The domain.</param>
/// <param name="Certificate">Its certificate in a key vault; null has Azure issue one.</param>
internal sealed record CustomDomainAnnotation(string Name, IAzureKeyVaultSecretReference? Certificate) : IResourceAnnotation;

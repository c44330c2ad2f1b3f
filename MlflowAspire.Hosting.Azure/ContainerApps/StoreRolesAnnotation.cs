using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The identity of the server has its roles on a store.</summary>
/// <param name="Store">The store.</param>
internal sealed record StoreRolesAnnotation(IResource Store) : IResourceAnnotation;

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Where the backups of a published server are.</summary>
/// <param name="Container">The blob container.</param>
internal sealed record BackupContainerAnnotation(AzureBlobStorageContainerResource Container) : IResourceAnnotation;

namespace MlflowAspire.Tests.Image;

/// <summary>A storage account, and an archive of the database that <see cref="ImageFixture.CreateFilledDatabaseAsync"/> copies.</summary>
public sealed class BackupStores(ImageFixture image) : IAsyncLifetime
{
    /// <summary>The archive as a container has it.</summary>
    public string Archive { get; private set; } = null!;

    internal StorageAccount Account { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Account = await StorageAccount.CreateAsync(image);
        Archive = $"{image.CreateBackupFolder().Path}/filled.zip";
        (await image.RunAsync(TestBackupFolder.Stores(await image.CreateFilledDatabaseAsync()), "backup", Archive)).Succeeded();
    }

    /// <summary>What a task needs to keep artifacts in a new container of the account.</summary>
    public async Task<Dictionary<string, string>> ArtifactsAsync(string container) =>
        StorageAccount.Environment(Account.Key(1), await Account.CreateContainerAsync(container));

    public async Task DisposeAsync()
    {
        if (Account is not null)
        {
            await Account.DisposeAsync();
        }
    }
}

namespace MlflowAspire.Tests.Image;

/// <summary>Tests of the server and of its tasks run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ImageCollection : ICollectionFixture<ImageFixture>
{
    public const string Name = "Image";
}

/// <summary>Tests of databases run one after the other, beside those of the server.</summary>
[CollectionDefinition(Name)]
public sealed class DatabaseCollection : ICollectionFixture<ImageFixture>
{
    public const string Name = "Databases of the image";
}

/// <summary>Tests of what saves a database, and of what brings data from elsewhere, run one after the other, beside the others.</summary>
[CollectionDefinition(Name)]
public sealed class BackupCollection : ICollectionFixture<ImageFixture>
{
    public const string Name = "Backups of the image";
}

/// <summary>Tests of what is in the image run one after the other, beside the others.</summary>
[CollectionDefinition(Name)]
public sealed class PackageCollection : ICollectionFixture<ImageFixture>
{
    public const string Name = "Content of the image";
}

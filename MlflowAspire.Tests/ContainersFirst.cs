using Xunit.Abstractions;

[assembly: TestCollectionOrderer("MlflowAspire.Tests.ContainersFirst", "MlflowAspire.Tests")]

namespace MlflowAspire.Tests;

/// <summary>Collections with containers take minutes and mostly wait. They begin at once, and what takes seconds runs beside them.</summary>
public sealed class ContainersFirst : ITestCollectionOrderer
{
    /// <inheritdoc />
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => collection.CollectionDefinition is null);
}

using MlflowAspire.Tests.ArtifactStores;
using MlflowAspire.Tests.Image;
using MlflowAspire.Tests.Packages;
using MlflowAspire.Tests.Publish;
using MlflowAspire.Tests.PublishedRun;
using MlflowAspire.Tests.Samples;
using MlflowAspire.Tests.SignIn;
using MlflowAspire.Tests.Stack;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("MlflowAspire.Tests.ContainersFirst", "MlflowAspire.Tests")]

namespace MlflowAspire.Tests;

/// <summary>
/// What takes minutes begins before what takes seconds, the longest first: none is left to run alone at the end. Those with stacks wait more than they work,
/// and those of the image work more than they wait, so that they run well side by side. So do the tests that wait for processes and those without any.
/// </summary>
public sealed class ContainersFirst : ITestCollectionOrderer
{
    private static readonly string[] s_longestFirst =
    [
        StackCollection.Name, BasicAuthCollection.Name, ImageCollection.Name, BackupCollection.Name, PackageCollection.Name, StoreCollection.Name,
        DatabaseCollection.Name, OidcCollection.Name, typeof(AppHostRestartTests).FullName!, PublishedRunCollection.Name, SampleCollection.Name,
        typeof(HostingPackageTests).FullName!, typeof(PythonSourceTests).FullName!, typeof(ProcessTests).FullName!,
    ];

    /// <inheritdoc />
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) => testCollections.OrderBy(Rank);

    private static int Rank(ITestCollection collection)
    {
        // The name of a class that is a collection of its own comes after "Test collection for".
        var rank = Array.FindIndex(s_longestFirst, name => $" {collection.DisplayName}".EndsWith($" {name}", StringComparison.Ordinal));
        return rank >= 0 ? rank : collection.CollectionDefinition is null ? int.MaxValue : s_longestFirst.Length;
    }
}

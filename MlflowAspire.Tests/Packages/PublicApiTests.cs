using System.Reflection;
using Aspire.Hosting;
using MlflowAspire.Tests.Publish;
using PublicApiGenerator;

namespace MlflowAspire.Tests.Packages;

/// <summary>Nothing becomes public, or ceases to be, without a line that somebody has reviewed.</summary>
[Trait("Category", "Model")]
public sealed class PublicApiTests
{
    [Fact]
    public void The_core_has_the_reviewed_members() => Verify("MlflowAspire.Hosting", typeof(MlflowBuilderExtensions).Assembly);

    [Fact]
    public void Azure_has_the_reviewed_members() => Verify("MlflowAspire.Hosting.Azure", typeof(MlflowAzureExtensions).Assembly);

    private static void Verify(string package, Assembly assembly) => Snapshot.Verify(
        Path.Combine("..", "..", "..", package, "PublicApi.txt"),
        assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n"));
}

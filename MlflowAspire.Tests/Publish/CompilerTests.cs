namespace MlflowAspire.Tests.Publish;

/// <summary>Bicep's compiler has nothing to say against azd's template of each variant and its modules.</summary>
[Trait("Category", "Publish")]
public sealed class CompilerTests
{
    public static TheoryData<string> All => Variants.Names;

    [BicepTheory]
    [MemberData(nameof(All))]
    public async Task Modules_and_azds_template_of_them_compile_without_a_fault(string variant)
    {
        var faults = (await (await Variants.DeployAsync(variant)).DiagnosticsAsync())
            .Where(diagnostic => diagnostic.Level == "Error" || diagnostic.Code.StartsWith("BCP", StringComparison.Ordinal)).ToList();

        Assert.True(faults is [], string.Join('\n', faults));
    }

    [BicepTheory]
    [MemberData(nameof(All))]
    public async Task Modules_keep_the_compilers_rules(string variant)
    {
        var faults = (await (await Variants.DeployAsync(variant)).DiagnosticsAsync()).Where(diagnostic => !IsOfTheGenerators(diagnostic)).ToList();

        Assert.True(faults is [], string.Join('\n', faults));
    }

    /// <summary>What the generators of Aspire write, and what is in azd's template only for the tests.</summary>
    private static bool IsOfTheGenerators(BicepDiagnostic diagnostic)
    {
        var file = Path.GetFileName(diagnostic.Source);
        return diagnostic.Code switch
        {
            "no-unused-params" => file.EndsWith(".module.bicep", StringComparison.Ordinal),
            "no-unnecessary-dependson" => file == "main.bicep",
            _ => false,
        };
    }
}

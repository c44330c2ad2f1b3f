namespace MlflowAspire.Tests.Publish;

/// <summary>A test of what is published, as Bicep's compiler sees it; skipped where there is no compiler.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BicepFactAttribute : FactAttribute
{
    public BicepFactAttribute() => Skip = BicepCompiler.Missing;
}

/// <summary>A test of what is published with several settings, as Bicep's compiler sees it; skipped where there is no compiler.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BicepTheoryAttribute : TheoryAttribute
{
    public BicepTheoryAttribute() => Skip = BicepCompiler.Missing;
}

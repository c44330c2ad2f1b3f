namespace MlflowAspire.Tests.Scripts;

/// <summary>A test of shell scripts, which Windows does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Shell scripts do not run on Windows.";
        }
    }
}

/// <summary>A test of shell scripts with several inputs, which Windows does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Shell scripts do not run on Windows.";
        }
    }
}

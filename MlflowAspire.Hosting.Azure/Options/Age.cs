using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>How long ago something was, as <c>mlflow gc --older-than</c> takes it.</summary>
internal static partial class Age
{
    public static Rule<string> Rule { get; } = new(
        "--older-than", "days, hours, minutes and seconds, such as '30d' or '1d12h'", text => Pattern().IsMatch(text));

    [GeneratedRegex(@"^(?=[0-9])([0-9]{1,4}d)?([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?\z")]
    private static partial Regex Pattern();
}

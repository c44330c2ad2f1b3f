using System.Globalization;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Cron expressions as jobs of Container Apps take them: five fields of numbers.</summary>
internal static class CronExpression
{
    // Minute, hour, day of the month, month, day of the week.
    private static readonly (int First, int Last)[] Fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

    public static Rule<string> Rule { get; } = new(
        "of a job", "a cron expression of five fields (minute, hour, day, month, weekday) in numbers, such as '0 3 * * 0'", IsValid);

    /// <summary>Whether every field is a list of <c>*</c>, numbers and ranges, each with an optional step, within the field's bounds.</summary>
    private static bool IsValid(string text)
    {
        var fields = text.Split(' ');
        return fields.Length == Fields.Length
            && fields.Zip(Fields).All(field => field.First.Split(',').All(part => IsPart(part, field.Second.First, field.Second.Last)));
    }

    private static bool IsPart(string part, int first, int last)
    {
        var (range, step) = Split(part, '/');
        if (step is not null && Number(step) is not > 0)
        {
            return false;
        }

        if (range == "*")
        {
            return true;
        }

        var (from, to) = Split(range, '-');
        return Number(from) is { } low && Number(to ?? from) is { } high && first <= low && low <= high && high <= last;
    }

    private static (string Left, string? Right) Split(string text, char separator) =>
        text.Split(separator, 2) is [var left, var right] ? (left, right) : (text, null);

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

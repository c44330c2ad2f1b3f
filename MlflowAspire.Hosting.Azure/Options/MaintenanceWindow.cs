using System.Globalization;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The hour of the week, in UTC, in which Azure maintains a server.</summary>
/// <param name="Day">The day.</param>
/// <param name="Start">When the hour starts.</param>
public readonly record struct MaintenanceWindow(DayOfWeek Day, TimeOnly Start)
{
    /// <summary>Sunday 02:00.</summary>
    public static MaintenanceWindow Default { get; } = new(DayOfWeek.Sunday, new(2, 0));

    /// <summary>Reads a setting such as <c>Sunday 02:00</c>, which is the default.</summary>
    internal static MaintenanceWindow Read(SettingsSection section, string key)
    {
        if (section.Text(key) is not { } value)
        {
            return Default;
        }

        if (value.Split(' ') is [var day, var start]
            && Enum.GetNames<DayOfWeek>().Contains(day, StringComparer.OrdinalIgnoreCase)
            && TimeOnly.TryParseExact(start, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return new(Enum.Parse<DayOfWeek>(day, ignoreCase: true), time);
        }

        section.Reject(key, value, "a day of the week and a time in UTC such as 'Sunday 02:00'");
        return Default;
    }
}

using System.Globalization;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The hour of the week, in UTC, in which Azure maintains a server.</summary>
/// <param name="Day">The day.</param>
/// <param name="Start">When the hour starts.</param>
internal readonly record struct MaintenanceWindow(DayOfWeek Day, TimeOnly Start)
{
    /// <summary>Reads a setting such as <c>Sunday 02:00</c>, which is the default.</summary>
    public static MaintenanceWindow Read(SettingsSection section, string key)
    {
        var fallback = new MaintenanceWindow(DayOfWeek.Sunday, new(2, 0));
        if (section.Text(key) is not { } value)
        {
            return fallback;
        }

        if (value.Split(' ') is [var day, var start]
            && Enum.GetNames<DayOfWeek>().Contains(day, StringComparer.OrdinalIgnoreCase)
            && TimeOnly.TryParseExact(start, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return new(Enum.Parse<DayOfWeek>(day, ignoreCase: true), time);
        }

        section.Reject(key, value, "a day of the week and a time in UTC such as 'Sunday 02:00'");
        return fallback;
    }
}

using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.AppHost;

/// <summary>Reads a section of the configuration and notes all that is wrong in it, so that one start shows every mistake.</summary>
internal sealed class SettingsSection(IConfiguration configuration, string name)
{
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string key, int fallback, int minimum, int maximum)
    {
        if (Value(key) is not { } value)
        {
            return fallback;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        Note(key, value, $"a whole number from {minimum} to {maximum}");
        return fallback;
    }

    /// <summary>True or false.</summary>
    public bool Boolean(string key, bool fallback)
    {
        if (Value(key) is not { } value)
        {
            return fallback;
        }

        if (bool.TryParse(value, out var flag))
        {
            return flag;
        }

        Note(key, value, "true or false");
        return fallback;
    }

    /// <summary>Texts separated by commas; none when the setting is missing or empty.</summary>
    public string[] List(string key) => Value(key)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Ends the reading: all known settings have been asked for by now.</summary>
    /// <exception cref="SettingsException">Something is wrong or unknown.</exception>
    public void ThrowIfWrong()
    {
        foreach (var setting in configuration.GetSection(name).GetChildren().Where(setting => !_known.Contains(setting.Key)))
        {
            Note(setting.Key, setting.Value, "one of the settings " + string.Join(", ", _known.Select(key => $"{name}:{key}")));
        }

        if (_problems.Count > 0)
        {
            throw new SettingsException(string.Join(Environment.NewLine, _problems));
        }
    }

    private string? Value(string key)
    {
        _known.Add(key);
        return configuration[$"{name}:{key}"];
    }

    private void Note(string key, string? value, string accepted) => _problems.Add($"{name}:{key} is '{value}'; accepted: {accepted}.");
}

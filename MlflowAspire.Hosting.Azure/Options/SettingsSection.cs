using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Reads a section of the configuration and notes what is wrong in it.</summary>
internal sealed class SettingsSection(IConfiguration configuration, string name) : Mistakes(name)
{
    private readonly string _name = name;
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A whole number that a rule of the library accepts.</summary>
    public int Integer(string key, int fallback, Rule<int> rule) => Number(key, number => number, rule) ?? fallback;

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string key, int fallback, int minimum, int maximum) => Integer(key, fallback, Rules.Range(key, minimum, maximum));

    /// <summary>A time in whole seconds that a rule of the library accepts; null when the setting is missing.</summary>
    public TimeSpan? Seconds(string key, Rule<TimeSpan> rule) => Number(key, number => TimeSpan.FromSeconds(number), rule);

    /// <summary>A number that a rule of the library accepts; null when the setting is missing.</summary>
    public double? Decimal(string key, Rule<double> rule)
    {
        if (Text(key) is not { } value)
        {
            return null;
        }

        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && rule.Accepts(number))
        {
            return number;
        }

        Reject(key, value, rule.Accepted);
        return null;
    }

    private T? Number<T>(string key, Func<int, T> convert, Rule<T> rule) where T : struct
    {
        if (Text(key) is not { } value)
        {
            return null;
        }

        if (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && convert(number) is var converted && rule.Accepts(converted))
        {
            return converted;
        }

        Reject(key, value, rule.Accepted);
        return null;
    }

    /// <summary>One of some whole numbers.</summary>
    public int OneOf(string key, int fallback, params int[] choices)
    {
        if (Text(key) is not { } value)
        {
            return fallback;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && choices.Contains(number))
        {
            return number;
        }

        Reject(key, value, string.Join(", ", choices));
        return fallback;
    }

    /// <summary>True or false.</summary>
    public bool Boolean(string key, bool fallback)
    {
        if (Text(key) is not { } value)
        {
            return fallback;
        }

        if (bool.TryParse(value, out var flag))
        {
            return flag;
        }

        Reject(key, value, "true or false");
        return fallback;
    }

    /// <summary>One of the names of an enumeration, written in lower case with hyphens: <c>private-endpoint</c> for <c>PrivateEndpoint</c>.</summary>
    public T Choice<T>(string key, T fallback) where T : struct, Enum
    {
        if (Text(key) is not { } value)
        {
            return fallback;
        }

        var choices = Names<T>();
        if (choices.TryGetValue(value, out var chosen))
        {
            return chosen;
        }

        Reject(key, value, string.Join(" or ", choices.Keys));
        return fallback;
    }

    /// <summary>Some of the names of an enumeration, separated by commas; null when the setting is missing.</summary>
    public IReadOnlyList<T>? Choices<T>(string key) where T : struct, Enum
    {
        if (Text(key) is not { Length: > 0 } value)
        {
            return null;
        }

        var choices = Names<T>();
        List<T> chosen = [];
        foreach (var name in value == "none" ? [] : List(key))
        {
            if (choices.TryGetValue(name, out var choice))
            {
                chosen.Add(choice);
            }
            else
            {
                Reject(key, name, $"{string.Join(", ", choices.Keys)}, separated by commas; or none");
            }
        }

        return [.. chosen.Distinct()];
    }

    /// <summary>A text that a rule of the library accepts.</summary>
    public string Text(string key, string fallback, Rule<string> rule)
    {
        var value = Text(key) ?? fallback;
        Require(key, value, rule);
        return value;
    }

    /// <summary>The full path of a file that a rule of the library accepts; null when the setting is missing or empty.</summary>
    public string? File(string key, string? folder, Rule<string> rule)
    {
        if (Text(key) is not { Length: > 0 } file)
        {
            return null;
        }

        var path = Path.GetFullPath(file, folder ?? Environment.CurrentDirectory);
        Require(key, path, rule);
        return path;
    }

    private static Dictionary<string, T> Names<T>() where T : struct, Enum =>
        Enum.GetValues<T>().ToDictionary(ChoiceName.Of, StringComparer.OrdinalIgnoreCase);

    /// <summary>Texts separated by commas, each of which a rule of the library accepts.</summary>
    public string[] List(string key, Rule<string> rule)
    {
        var values = List(key);
        foreach (var value in values)
        {
            Require(key, value, rule);
        }

        return values;
    }

    /// <summary>Notes a value that a rule of the library does not accept.</summary>
    public void Require(string key, string? value, Rule<string> rule)
    {
        if (!rule.Accepts(value ?? ""))
        {
            Reject(key, value, rule.Accepted);
        }
    }

    /// <summary>Texts separated by commas; none when the setting is missing or empty.</summary>
    public string[] List(string key) => Text(key)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>The text of a setting; null when it is missing.</summary>
    /// <param name="key">The name of the setting below the section, such as <c>Network:AddressSpace</c>.</param>
    public string? Text(string key)
    {
        _known.Add(key);
        return configuration[$"{_name}:{key}"];
    }

    /// <summary>The text of a setting; null when it is missing or empty.</summary>
    public string? NonEmptyText(string key) => Text(key) is { Length: > 0 } text ? text : null;

    /// <summary>The settings below a key, which have names of the user's own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Below(string key)
    {
        var settings = configuration.GetSection($"{_name}:{key}").GetChildren()
            .Where(child => child.Value is not null).Select(child => KeyValuePair.Create(child.Key, child.Value!)).ToList();
        _known.UnionWith(settings.Select(setting => $"{key}:{setting.Key}"));
        return settings;
    }

    /// <summary>Rejects what is unknown: all known settings have been asked for by now.</summary>
    public void RejectUnknown()
    {
        foreach (var (key, value) in configuration.GetSection(_name).AsEnumerable(makePathsRelative: true)
            .Where(setting => setting.Value is not null && !_known.Contains(setting.Key)))
        {
            var hint = NearestName.Of(key, _known) is { } nearest
                ? $"did you mean {_name}:{nearest}?" : $"the settings are {string.Join(", ", _known.Select(known => $"{_name}:{known}"))}.";
            Add($"{_name}:{key} is '{value}', and there is no such setting; {hint}");
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Reads a section of the configuration and notes what is wrong in it.</summary>
internal sealed class SettingsSection(IConfiguration configuration, string name) : Mistakes(name)
{
    private readonly string _name = name;
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string key, int fallback, int minimum, int maximum)
    {
        if (Text(key) is not { } value)
        {
            return fallback;
        }

        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        Reject(key, value, $"a whole number from {minimum} to {maximum}");
        return fallback;
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

        var choices = Enum.GetValues<T>().ToDictionary(choice => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString()), StringComparer.OrdinalIgnoreCase);
        if (choices.TryGetValue(value, out var chosen))
        {
            return chosen;
        }

        Reject(key, value, string.Join(" or ", choices.Keys));
        return fallback;
    }

    /// <summary>An IPv4 address.</summary>
    public string IPv4Address(string key, string fallback)
    {
        if (Text(key) is not { } value)
        {
            return fallback;
        }

        if (IPAddress.TryParse(value, out var address) && address.AddressFamily is AddressFamily.InterNetwork && address.ToString() == value)
        {
            return value;
        }

        Reject(key, value, "an IPv4 address of this machine, or 0.0.0.0 for all of them");
        return fallback;
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

    /// <summary>The settings below a key, which have names of the user's own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Below(string key)
    {
        var settings = configuration.GetSection($"{_name}:{key}").GetChildren().Where(child => child.Value is not null).Select(child => KeyValuePair.Create(child.Key, child.Value!)).ToList();
        _known.UnionWith(settings.Select(setting => $"{key}:{setting.Key}"));
        return settings;
    }

    /// <summary>Rejects what is unknown: all known settings have been asked for by now.</summary>
    public void RejectUnknown()
    {
        foreach (var (key, value) in configuration.GetSection(_name).AsEnumerable(makePathsRelative: true).Where(setting => setting.Value is not null && !_known.Contains(setting.Key)))
        {
            var hint = NearestName.Of(key, _known) is { } nearest ? $"did you mean {_name}:{nearest}?" : $"the settings are {string.Join(", ", _known.Select(known => $"{_name}:{known}"))}.";
            Add($"{_name}:{key} is '{value}', and there is no such setting; {hint}");
        }
    }
}

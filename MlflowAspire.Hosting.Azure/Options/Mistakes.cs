namespace MlflowAspire.Hosting.Azure;

/// <summary>Notes all that is wrong with settings, so that one start shows every mistake.</summary>
/// <param name="section">The section of the configuration that the settings are in.</param>
internal class Mistakes(string section)
{
    private readonly List<string> _lines = [];

    /// <summary>Notes that a setting is wrong.</summary>
    /// <param name="key">The name of the setting below the section.</param>
    /// <param name="value">Its value.</param>
    /// <param name="accepted">What is accepted instead.</param>
    public void Reject(string key, object? value, string accepted) => Add($"{section}:{key} is '{value}'; accepted: {accepted}.");

    /// <summary>Adds a line about a setting.</summary>
    protected void Add(string line) => _lines.Add(line);

    /// <summary>Ends the checks.</summary>
    /// <exception cref="SettingsException">Something is wrong.</exception>
    public void ThrowIfAny()
    {
        if (_lines.Count > 0)
        {
            throw new SettingsException(string.Join(Environment.NewLine, _lines));
        }
    }
}

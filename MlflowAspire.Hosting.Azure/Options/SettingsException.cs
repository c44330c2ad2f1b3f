namespace MlflowAspire.Hosting.Azure;

/// <summary>Settings are wrong.</summary>
/// <param name="message">A line for each: the setting, its value and what is accepted.</param>
public sealed class SettingsException(string message) : Exception(message);

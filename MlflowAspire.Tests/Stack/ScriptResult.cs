using System.Text.Json;

namespace MlflowAspire.Tests.Stack;

/// <summary>Reads what a script found out from its log.</summary>
internal static class ScriptResult
{
    private const string Marker = "RESULT ";

    public static JsonElement Of(string log)
    {
        var start = log.LastIndexOf(Marker, StringComparison.Ordinal);
        Assert.True(start >= 0, $"The script printed no result:\n{log}");
        var line = log[(start + Marker.Length)..];
        return JsonDocument.Parse(line.Split('\n')[0]).RootElement;
    }

    public static string Text(this JsonElement result, string name) => result.GetProperty(name).GetString()!;
}

using System.Text.Json;

namespace MlflowAspire.Hosting.Azure;

/// <summary>How settings, and what is published by them, name the values of an enumeration: <c>reset-admin</c>.</summary>
internal static class ChoiceName
{
    public static string Of<T>(T choice) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());
}

using System.Buffers.Text;
using System.Text.Json;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>Access tokens in the form of Microsoft Entra's. Azurite looks at their claims and not at their signature.</summary>
internal static class TestToken
{
    public static string Create(string audience)
    {
        var now = DateTimeOffset.UtcNow;
        const string tenant = "11111111-2222-3333-4444-555555555555";
        return string.Join('.', Encode(new { typ = "JWT", alg = "RS256" }), Encode(new
        {
            aud = audience,
            iss = $"https://sts.windows.net/{tenant}/",
            tid = tenant,
            iat = now.ToUnixTimeSeconds(),
            nbf = now.AddMinutes(-5).ToUnixTimeSeconds(),
            exp = now.AddHours(2).ToUnixTimeSeconds(),
        }), Encode("signature"));
    }

    private static string Encode<T>(T content) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(content));
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace MlflowAspire.Tests.Stack;

/// <summary>Calls MLflow's REST API.</summary>
internal static class MlflowApi
{
    /// <summary>Posts a body as JSON.</summary>
    public static async Task<HttpResponseMessage> PostMlflowAsync(
        this HttpClient client, string method, object body, CancellationToken cancellationToken = default)
    {
        using var content = JsonContent.Create(body);

        // MLflow reads no body whose length it is not told.
        await content.LoadIntoBufferAsync(cancellationToken);
        return await client.PostAsync($"/api/2.0/mlflow/{method}", content, cancellationToken);
    }

    /// <summary>The JSON of an answer, which must be a success.</summary>
    public static async Task<JsonElement> ReadJsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage?.RequestUri}: {text}");
        using var answer = JsonDocument.Parse(text);
        return answer.RootElement.Clone();
    }

    /// <summary>What a request for a page is answered with.</summary>
    public static async Task<HttpStatusCode> StatusAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return response.StatusCode;
    }
}

using System.Net.Http.Json;

namespace MlflowAspire.Tests.Stack;

/// <summary>Calls MLflow's REST API.</summary>
internal static class MlflowApi
{
    /// <summary>Posts a body as JSON.</summary>
    public static async Task<HttpResponseMessage> PostMlflowAsync(this HttpClient client, string method, object body, CancellationToken cancellationToken = default)
    {
        using var content = JsonContent.Create(body);

        // MLflow reads no body whose length it is not told.
        await content.LoadIntoBufferAsync(cancellationToken);
        return await client.PostAsync($"/api/2.0/mlflow/{method}", content, cancellationToken);
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace MlflowAspire.Samples.Consumer;

/// <summary>As much of MLflow's REST API as it takes to log a run.</summary>
internal sealed class MlflowClient(HttpClient http)
{
    /// <summary>The id of an experiment, which is made where there is none of that name.</summary>
    public async Task<string> GetOrCreateExperimentAsync(string name)
    {
        var address = $"/api/2.0/mlflow/experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}";
        using var found = await http.GetAsync(new Uri(address, UriKind.Relative));
        if (found.StatusCode is HttpStatusCode.NotFound)
        {
            return (await PostAsync("experiments/create", new { name })).GetProperty("experiment_id").GetString()!;
        }

        found.EnsureSuccessStatusCode();
        return (await found.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("experiment").GetProperty("experiment_id").GetString()!;
    }

    /// <summary>Starts a run and returns its id.</summary>
    public async Task<string> StartRunAsync(string experimentId, string name)
    {
        var answer = await PostAsync("runs/create", new { experiment_id = experimentId, run_name = name, start_time = Now });
        return answer.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
    }

    /// <summary>Logs a parameter and a metric with a value for each step.</summary>
    public Task LogAsync(string runId, (string Key, string Value) parameter, string metric, IEnumerable<double> values) => PostAsync("runs/log-batch", new
    {
        run_id = runId,
        @params = new[] { new { key = parameter.Key, value = parameter.Value } },
        metrics = values.Select((value, step) => new { key = metric, value, step, timestamp = Now }),
    });

    /// <summary>Ends a run.</summary>
    public Task EndRunAsync(string runId) => PostAsync("runs/update", new { run_id = runId, status = "FINISHED", end_time = Now });

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private async Task<JsonElement> PostAsync(string call, object body)
    {
        using var response = await http.PostAsJsonAsync(new Uri($"/api/2.0/mlflow/{call}", UriKind.Relative), body);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync<JsonElement>()
            : throw new HttpRequestException($"MLflow answers {call} with {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }
}

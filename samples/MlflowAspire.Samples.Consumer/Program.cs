using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlflowAspire.Samples.Consumer;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddServiceDiscovery();
builder.Services.AddHttpClient<MlflowClient>(client =>
{
    // Service discovery knows where the resource "mlflow" is.
    client.BaseAddress = new("http://mlflow");
    if (builder.Configuration["MLFLOW_TRACKING_USERNAME"] is { } user)
    {
        var credentials = $"{user}:{builder.Configuration["MLFLOW_TRACKING_PASSWORD"]}";
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
    }
}).AddServiceDiscovery();
using var host = builder.Build();
var mlflow = host.Services.GetRequiredService<MlflowClient>();

var experiment = await mlflow.GetOrCreateExperimentAsync("dotnet");
var run = await mlflow.StartRunAsync(experiment, "from .NET");
await mlflow.LogAsync(run, ("runtime", Environment.Version.ToString()), "loss", Enumerable.Range(0, 10).Select(step => Math.Exp(-0.3 * step)));
await mlflow.EndRunAsync(run);
Console.WriteLine($"Run {run} is in the experiment 'dotnet'.");

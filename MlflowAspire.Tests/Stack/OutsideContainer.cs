using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace MlflowAspire.Tests.Stack;

/// <summary>A container that is none of the app host's, on another network: what it reaches, other machines reach as well.</summary>
internal static class OutsideContainer
{
    private const string Script = """
        import sys, urllib.error, urllib.request
        try:
            print(urllib.request.urlopen(sys.argv[1] + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default", timeout=20).status)
        except urllib.error.HTTPError as error:
            print(error.code)
        except urllib.error.URLError as error:
            print(type(error.reason).__name__)
        """;

    /// <summary>Calls MLflow at this machine's address.</summary>
    /// <returns>The status of the answer, or the error.</returns>
    public static async Task<string> CallAsync(MlflowStack stack)
    {
        var image = stack.Resource<MlflowServerResource>("mlflow").Annotations.OfType<ContainerImageAnnotation>().Last();
        var address = string.Create(CultureInfo.InvariantCulture, $"http://host.docker.internal:{stack.App.GetEndpoint("mlflow", "http").Port}");
        return (
            await DockerCli.RunAsync(
                "run", "--rm", "--add-host", "host.docker.internal:host-gateway", $"{image.Image}:{image.Tag}", "python", "-c", Script, address)).Trim();
    }
}

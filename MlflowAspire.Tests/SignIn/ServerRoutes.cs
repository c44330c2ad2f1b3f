using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>The routes of a running server, and what they answer to somebody who has not signed in.</summary>
internal static partial class ServerRoutes
{
    /// <summary>Asks every route. A redirect counts as refused when it leads to the login.</summary>
    /// <returns>The routes that neither ask for a sign-in nor lead to one, as "METHOD path".</returns>
    public static async Task<List<string>> OpenToEveryoneAsync(MlflowStack stack)
    {
        var script = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "SignIn", "Scripts", "routes.py"));
        var routes = (await DockerCli.RunAsync("exec", stack.ContainerId("mlflow"), "python", "-c", script)).Split('\n');
        // A client sends CONNECT only to proxies.
        routes = [.. routes.Where(route => !route.StartsWith("CONNECT ", StringComparison.Ordinal))];
        Assert.True(routes.Length > 500, $"The server has only these routes: {string.Join(", ", routes)}");

        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        using var stranger = new HttpClient(handler);
        using var known = stack.CreateMlflowClient();
        stranger.BaseAddress = known.BaseAddress;
        ConcurrentBag<string> open = [];
        await Parallel.ForEachAsync(routes, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (route, cancellationToken) =>
        {
            var (method, path) = (route.Split(' ')[0], Parameter().Replace(route.Split(' ')[1], "x"));
            using var request = new HttpRequestMessage(new(method), path);
            if (method is "POST" or "PUT" or "PATCH" or "DELETE")
            {
                request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
            }

            using var response = await stranger.SendAsync(request, cancellationToken);
            var refused = response.StatusCode is HttpStatusCode.Unauthorized
                || response.StatusCode is HttpStatusCode.Redirect && response.Headers.Location!.ToString().StartsWith("/login", StringComparison.Ordinal);
            if (!refused)
            {
                open.Add($"{route} {(int)response.StatusCode}");
            }
        });

        return [.. open];
    }

    /// <summary>A parameter of a route, as Flask or as FastAPI writes it.</summary>
    [GeneratedRegex(@"<[^<>]+>|\{[^{}]+\}")]
    private static partial Regex Parameter();
}

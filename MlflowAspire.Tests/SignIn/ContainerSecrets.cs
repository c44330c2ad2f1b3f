using System.Text.Json;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>Looks for secrets where they must not be.</summary>
internal static class ContainerSecrets
{
    /// <summary>What is known of a container to others on the machine, but for its environment, and what its processes are called with.</summary>
    public static async Task AssertNowhereButInTheEnvironmentAsync(this MlflowStack stack, string resource, IEnumerable<string> secrets)
    {
        using var inspection = JsonDocument.Parse(await stack.InspectAsync(resource));
        var texts = Texts(inspection.RootElement).ToList();
        Assert.NotEmpty(texts);
        if (inspection.RootElement[0].GetProperty("State").GetProperty("Running").GetBoolean())
        {
            texts.Add(await DockerCli.RunAsync("top", stack.ContainerId(resource), "-eo", "pid,args"));
        }

        texts.Add(await stack.LogAsync(stack.Resource<Aspire.Hosting.ApplicationModel.IResource>(resource)));
        foreach (var secret in secrets)
        {
            // As it is, and as a URI and JSON write it.
            foreach (var form in new[] { secret, Uri.EscapeDataString(secret), JsonEncodedText.Encode(secret).ToString() })
            {
                Assert.DoesNotContain(texts, text => text.Contains(form, StringComparison.Ordinal));
            }
        }
    }

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Where(property => property.Name != "Env").SelectMany(property => Texts(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };
}

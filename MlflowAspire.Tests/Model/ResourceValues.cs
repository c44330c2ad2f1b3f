using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Tests.Model;

/// <summary>What a resource would be started with.</summary>
internal static class ResourceValues
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public static async Task<Dictionary<string, string>> EnvironmentAsync(this IResource resource, IDistributedApplicationBuilder builder)
    {
        await using var services = builder.Services.BuildServiceProvider();
        builder.AllocateEndpoints();
        var result = await ExecutionConfigurationBuilder.Create(resource).WithEnvironmentVariablesConfig()
            .BuildAsync(builder.Context(services)).WaitAsync(s_limit);
        Assert.Null(result.Exception);
        return result.EnvironmentVariables.ToDictionary();
    }

    public static async Task<string[]> ArgumentsAsync(this IResource resource, IDistributedApplicationBuilder builder)
    {
        await using var services = builder.Services.BuildServiceProvider();
        builder.AllocateEndpoints();
        var result = await ExecutionConfigurationBuilder.Create(resource).WithArgumentsConfig().BuildAsync(builder.Context(services)).WaitAsync(s_limit);
        Assert.Null(result.Exception);
        return [.. result.Arguments.Select(argument => argument.Value)];
    }

    public static async Task<string[]> RuntimeArgumentsAsync(this IResource resource)
    {
        List<object> arguments = [];
        foreach (var annotation in resource.Annotations.OfType<ContainerRuntimeArgsCallbackAnnotation>())
        {
            await annotation.Callback(new ContainerRuntimeArgsCallbackContext(arguments));
        }

        return [.. arguments.Select(argument => argument.ToString()!)];
    }

    private static DistributedApplicationExecutionContext Context(this IDistributedApplicationBuilder builder, IServiceProvider services) =>
        new(new DistributedApplicationExecutionContextOptions(builder.ExecutionContext.Operation) { Services = services });

    /// <summary>Stands in for the orchestrator: on the machine an endpoint has port 40000 + target port / 10, in the containers' network its own.</summary>
    private static void AllocateEndpoints(this IDistributedApplicationBuilder builder)
    {
        foreach (var resource in builder.Resources.OfType<IResourceWithEndpoints>())
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                endpoint.AllocatedEndpoint = new(endpoint, "localhost", 40000 + (endpoint.TargetPort ?? 0) / 10);
                endpoint.AllAllocatedEndpoints.AddOrUpdateAllocatedEndpoint(
                    KnownNetworkIdentifiers.DefaultAspireContainerNetwork,
                    new(
                        endpoint, $"{resource.Name}.dev.internal", endpoint.TargetPort!.Value, EndpointBindingMode.SingleAddress, null,
                        KnownNetworkIdentifiers.DefaultAspireContainerNetwork));
            }
        }
    }
}

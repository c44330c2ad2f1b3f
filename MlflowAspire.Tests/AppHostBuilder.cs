using Aspire.Hosting.Testing;

namespace MlflowAspire.Tests;

/// <summary>The app host's own entry point, run in the process of the tests.</summary>
internal static class AppHostBuilder
{
    /// <summary>Without it each of hundreds of app hosts watches its folder for changed settings, and the system has a limit.</summary>
    public const string WithoutWatching = "--hostBuilder:reloadConfigOnChange=false";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs the entry point as far as its model is described.</summary>
    /// <param name="args">Its arguments.</param>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] args) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.MlflowAspire_AppHost>([.. args, WithoutWatching]).WaitAsync(s_limit);
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Where the settings are read from.</summary>
internal static class DeploymentSettings
{
    /// <summary>
    /// The settings of the deployment when publishing: from deployment.json over appsettings.json, with the environment and the command line on top. What a
    /// developer has for local runs (user secrets, other environments) plays no part, so that azd, the Aspire CLI and CI publish the same.
    /// </summary>
    /// <param name="builder">The app host.</param>
    /// <param name="args">The command line.</param>
    public static IConfiguration ReadSettings(this IDistributedApplicationBuilder builder, string[] args) => builder.ExecutionContext.IsPublishMode
        ? new ConfigurationBuilder()
            .SetBasePath(builder.AppHostDirectory)
            .AddJsonFile("appsettings.json")
            .AddJsonFile("deployment.json")
            .AddEnvironmentVariables()
            .AddCommandLine(args)
            .Build()
        : builder.Configuration;
}

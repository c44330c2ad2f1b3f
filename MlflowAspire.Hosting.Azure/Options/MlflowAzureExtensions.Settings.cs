using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using MlflowAspire.Hosting;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Reads section <c>Mlflow</c> of the configuration. When publishing that is deployment.json over appsettings.json, with the environment and the command
    /// line on top: what a developer has for local runs (user secrets, other environments) plays no part, so that azd, the Aspire CLI and CI publish the same.
    /// What the deployment keeps for its life is in deployed.json, and a change of it is refused.
    /// </summary>
    /// <remarks>
    /// Wrong settings, and in a local run a port that is taken, end the process of an app host with exit code 1, after a line for each of them on the console.
    /// </remarks>
    /// <param name="builder">The app host.</param>
    /// <param name="args">The command line.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="SettingsException">
    /// Settings are wrong or unknown, and the app host runs in another process than its own, such as that of a test.
    /// </exception>
    public static MlflowSettings ReadMlflowSettings(this IDistributedApplicationBuilder builder, string[] args)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(args);
        var isPublishing = builder.ExecutionContext.IsPublishMode;
        var configuration = isPublishing ? DeploymentConfiguration(builder, args) : builder.Configuration;
        try
        {
            var settings = MlflowSettings.Read(configuration, isPublishing, builder.AppHostDirectory);
            if (!isPublishing && builder.HasOwnProcess() && settings.Port is { } port && !LocalPort.BecomesFree(port, builder.LockOfRun()))
            {
                throw new SettingsException(
                    $"Mlflow:Port {port} is in use{(port is 5000 or 7000 ? " (on macOS: AirPlay Receiver)" : "")}; "
                    + $"set Mlflow__Port={(port + 1) % 65536} or 0.");
            }

            return settings;
        }
        catch (SettingsException wrong) when (builder.HasOwnProcess())
        {
            Console.Error.WriteLine(wrong.Message);
            Environment.Exit(1);
            throw;
        }
    }

    private static IConfigurationRoot DeploymentConfiguration(IDistributedApplicationBuilder builder, string[] args)
    {
        var call = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        return new ConfigurationBuilder()
            .SetBasePath(builder.AppHostDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile("deployment.json", optional: true)
            .AddJsonFile(call[DeployedSettings.FileSetting] ?? DeployedSettings.DefaultFile, optional: true)
            .AddConfiguration(call)
            .Build();
    }

    /// <summary>Sets the server up: its workers, jobs, address, names, secrets, telemetry, sign-in and role in the database.</summary>
    /// <param name="builder">The MLflow server, with its backend store.</param>
    /// <param name="settings">The settings.</param>
    /// <returns>The builder.</returns>
    public static IResourceBuilder<MlflowServerResource> WithSettings(this IResourceBuilder<MlflowServerResource> builder, MlflowSettings settings)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(settings);
        builder
            .WithWorkers(settings.Workers)
            .WithJobs(settings.Jobs)
            .WithBindAddress(settings.BindAddress)
            .WithAllowedHosts([.. settings.AllowedHosts])
            .WithStatementTimeout(settings.StatementTimeout)
            .WithSecretVersions(settings.SecretVersions)
            .WithSignIn(settings.SignIn);
        if (settings.Size != MlflowServerSize.For(settings.Jobs))
        {
            builder.WithSize(settings.Size.Cores, settings.Size.MemoryGiB);
        }

        if (!settings.AIGateway)
        {
            builder.WithAIGateway(enabled: false);
        }

        if (settings.CACertificates is { } certificates)
        {
            builder.WithCACertificates(certificates);
        }

        if (settings.ArtifactTimeout is { } timeout)
        {
            builder.WithArtifactTimeout(timeout);
        }

        if (settings.Database.Role is not DatabaseRole.Administrator)
        {
            // Each role has a password of its own in the vault: the revision that is being replaced can still read the other one.
            var role = settings.Database.Role is DatabaseRole.A ? "a" : "b";
            var application = builder.ApplicationBuilder;
            builder.WithDatabaseRole(
                application.AddParameter($"database-user-{role}").WithDescription("The PostgreSQL role that MLflow signs in as."),
                application.AddParameter($"database-password-{role}", secret: true)
                    .WithDescription("The password of the PostgreSQL role that MLflow signs in as."));
        }

        if (settings.AllowAnonymous)
        {
            builder.WithAnonymousAccess();
        }

        return settings.OpenTelemetry ? builder.WithOpenTelemetry() : builder;
    }
}

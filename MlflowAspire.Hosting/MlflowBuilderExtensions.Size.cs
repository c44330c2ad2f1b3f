using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Sets the cores and the memory of the server, which a local run keeps to as well. By default it gets 1 core and 2 GiB, with jobs 2 cores and 4 GiB, and a
    /// local run has no limit of cores.
    /// </summary>
    /// <remarks>Container Apps takes twice as many GiB as cores, from 0.25 to 4 cores in steps of 0.25.</remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="cores">Cores, 0.25 to 64.</param>
    /// <param name="memoryGiB">
    /// Memory in GiB, 0.5 to 256. A worker takes 0.5 GiB and jobs take 1.5 GiB: more workers than fit are refused when the app host starts.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithSize(this IResourceBuilder<MlflowServerResource> builder, double cores, double memoryGiB)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Rules.Cores.Require(cores, nameof(cores));
        Rules.MemoryGiB.Require(memoryGiB, nameof(memoryGiB));
        builder.Resource.ChosenSize = new(cores, memoryGiB);
        return builder;
    }

    private static void SetSize(this MlflowServerResource server, ContainerRuntimeArgsCallbackContext context)
    {
        context.Args.Add(FormattableString.Invariant($"--memory={server.Size.MemoryGiB}g"));
        if (server.ChosenSize is { Cores: var cores })
        {
            context.Args.Add(FormattableString.Invariant($"--cpus={cores}"));
        }
    }

    private static void SetWorkers(this MlflowServerResource server, EnvironmentCallbackContext context) =>
        context.EnvironmentVariables["MLFLOW_WORKERS"] = server.Workers.ToString(CultureInfo.InvariantCulture);
}

using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>What a command has a task do in one run.</summary>
/// <param name="Arguments">The arguments of the image, after those that the task has in every run.</param>
internal sealed record TaskRun(params IReadOnlyList<string> Arguments)
{
    /// <summary>What is no argument: it may hold what nobody else should read.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What the run reads on this machine.</summary>
    public IReadOnlyList<ContainerMountAnnotation> Mounts { get; init; } = [];
}

using MlflowAspire.Hosting;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container that does one task for an MLflow server, from the server's own image, and ends.</summary>
/// <param name="name">The name of the resource.</param>
[AspireExport]
public sealed class MlflowTaskResource(string name) : ContainerResource(name)
{
    private TaskRun? _run;

    /// <summary>The run that a command has begun; null when there is none.</summary>
    internal TaskRun? Run => _run;

    /// <summary>Begins a run, unless there is one.</summary>
    internal bool TryBegin(TaskRun run)
    {
        if (Interlocked.CompareExchange(ref _run, run, null) is not null)
        {
            return false;
        }

        // They are read when the container is made, which each start does.
        foreach (var mount in run.Mounts)
        {
            Annotations.Add(mount);
        }

        return true;
    }

    /// <summary>Ends the run. The next one has nothing of it.</summary>
    internal void End()
    {
        foreach (var mount in _run?.Mounts ?? [])
        {
            Annotations.Remove(mount);
        }

        _run = null;
    }
}

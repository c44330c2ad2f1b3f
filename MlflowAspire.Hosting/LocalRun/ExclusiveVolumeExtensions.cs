using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Keeps two containers from using one volume.</summary>
public static class ExclusiveVolumeExtensions
{
    // The lock is the kernel's and on the volume's folder: it ends with the container that holds it, however that ends, and leaves nothing in the volume.
    // flock is part of Debian's and of Alpine's images; only Debian's can wait.
    // A file rather than an argument, which the dashboard would show in full beside the image.
    private const string ScriptName = "exclusive-volume";
    private const string Script = """
        trap 'exit 143' TERM INT
        exec 9< "$1"
        left=45
        until flock -n 9; do
            [ $left -lt 45 ] || echo "The volume $2 is in use by another container: waiting for its end." >&2
            [ $left -gt 0 ] || { echo "The volume $2 is in use by another container: is this app host running already?" >&2; exit 1; }
            left=$((left - 1))
            sleep 1
        done
        trap - TERM INT
        shift 2
        exec "$@"
        """;

    /// <summary>
    /// Lets one container at a time use the container's volume, in a local run. Two app hosts of one folder have the same volumes, and so has an app host with
    /// what is left of one that was killed: two databases on one folder lose data without a word. A second container waits 45 seconds for the end of the first
    /// one, and then ends with exit code 1.
    /// </summary>
    /// <typeparam name="T">The type of the container.</typeparam>
    /// <param name="builder">
    /// A container with a named volume that it writes to. Its image needs <c>sh</c> and <c>flock</c>, as images of Debian and Alpine have.
    /// </param>
    /// <param name="command">What the image runs by itself (its ENTRYPOINT and CMD). Not needed where the container's arguments name the command.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="InvalidOperationException">When the container starts: it has no named volume that it writes to.</exception>
    [AspireExport]
    public static IResourceBuilder<T> WithExclusiveVolume<T>(this IResourceBuilder<T> builder, params string[] command) where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(command);
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        // Not by WithEntrypoint, which has no effect on emulators: the resource that runs is the one that they stand for.
        builder.WithContainerFiles("/", [new ContainerFile { Name = ScriptName, Contents = Script.ReplaceLineEndings("\n") }]);
        return builder.WithContainerRuntimeArgs("--entrypoint", "/bin/sh").WithArgs(context =>
        {
            var volume = builder.Resource.Annotations.OfType<ContainerMountAnnotation>()
                .FirstOrDefault(mount => mount is { Type: ContainerMountType.Volume, IsReadOnly: false })
                ?? throw new InvalidOperationException(
                    $"WithExclusiveVolume: '{builder.Resource.Name}' has no volume to lock. Give it one by WithDataVolume or WithVolume.");
            object[] arguments = [$"/{ScriptName}", volume.Target, volume.Source!, .. command, .. context.Args];
            context.Args.Clear();
            foreach (var argument in arguments)
            {
                context.Args.Add(argument);
            }
        });
    }
}

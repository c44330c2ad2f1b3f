using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting;

/// <summary>Asks before a container is started in the dashboard.</summary>
[AspireExportIgnore(Reason = "Internal.")]
internal static class ConfirmedStart
{
    /// <summary>Makes the dashboard ask before it starts the container, whichever of its buttons is used.</summary>
    /// <param name="builder">A container that is started by hand.</param>
    /// <param name="message">What it asks.</param>
    public static IResourceBuilder<T> WithConfirmedStart<T>(this IResourceBuilder<T> builder, string message) where T : ContainerResource =>
        // Aspire adds its commands to a container after the app host has described it, and before this event.
        builder.OnInitializeResource((container, @event, _) =>
        {
            var start = container.Annotations.OfType<ResourceCommandAnnotation>().Single(command => command.Name == KnownResourceCommands.StartCommand);
            container.Annotations[container.Annotations.IndexOf(start)] = new ResourceCommandAnnotation(
                start.Name,
                start.DisplayName,
                start.UpdateState,
                start.ExecuteCommand,
                start.DisplayDescription,
                start.Arguments,
                message,
                start.IconName,
                start.IconVariant,
                start.IsHighlighted);
            // The dashboard has been told of the command that does not ask. Without commands, what is told makes them anew.
            return @event.Notifications.PublishUpdateAsync(container, told => told with { Commands = [] });
        });
}

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace MlflowAspire.Hosting;

/// <summary>
/// Stops the MLflow servers of a local run before everything else: their running calls end while their database and artifact store are still there. The
/// orchestrator stops all containers at once.
/// </summary>
internal sealed class ServerStop(DistributedApplicationModel model, ResourceCommandService commands, ResourceNotificationService notifications) : IHostedService
{
    // Docker gives a container ten seconds.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(12);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Services stop in the reverse order of their registration: the orchestrator's comes after this one.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            await Task.WhenAll(model.Resources.OfType<MlflowServerResource>().Select(server => StopAsync(server, limit.Token)));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // It ends with the others then.
        }
    }

    private async Task StopAsync(MlflowServerResource server, CancellationToken cancellationToken)
    {
        // Refused where it does not run.
        var result = await commands.ExecuteCommandAsync(server, KnownResourceCommands.StopCommand, cancellationToken);
        if (result.Success)
        {
            await notifications.WaitForResourceAsync(server.Name, KnownResourceStates.TerminalStates, cancellationToken);
        }
    }
}

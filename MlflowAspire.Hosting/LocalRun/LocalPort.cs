using System.Net;
using System.Net.Sockets;

namespace MlflowAspire.Hosting;

/// <summary>Ports of this machine.</summary>
internal static class LocalPort
{
    // As long as the containers of a run may take to go after it has ended.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Whether nobody listens at a port of this machine.</summary>
    public static bool IsFree(int port)
    {
        // Where somebody listens at all addresses, macOS lets another one listen at one of them, and Linux does not.
        if (Answers(port))
        {
            return false;
        }

        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether nobody listens at a port, once what is left of the last run has ended.</summary>
    /// <param name="port">The port.</param>
    /// <param name="run">The run that wants it.</param>
    public static bool BecomesFree(int port, RunLock? run)
    {
        if (IsFree(port))
        {
            return true;
        }

        if (run is { FollowsClosely: true })
        {
            Console.WriteLine($"Port {port} is in use: waiting for what is left of the last run to end.");
            for (var end = DateTime.UtcNow + s_patience; DateTime.UtcNow < end;)
            {
                Thread.Sleep(250);
                if (IsFree(port))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>A port that nobody listens at.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Answers(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

using System.Net;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>The addresses of a virtual network on this machine, which neither a Docker network nor another run of these tests has.</summary>
internal sealed class AddressSpace : IDisposable
{
    // Those of the deployment come first.
    private const uint NeighboursOffset = 1024;

    private readonly FileStream _taken;

    private AddressSpace(IPNetwork range, FileStream taken) => (Range, _taken) = (range, taken);

    public IPNetwork Range { get; }

    /// <summary>Takes a space until it is disposed.</summary>
    public static async Task<AddressSpace> TakeAsync()
    {
        var networks = (await DockerCli.RunAsync("network", "ls", "--quiet")).Split('\n');
        var ranges = await DockerCli.RunAsync(["network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", .. networks]);
        var taken = ranges.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(range => !range.Contains(':')).Select(IPNetwork.Parse).ToList();
        return Enumerable.Range(0, 16).Select(part => IPNetwork.Parse($"10.231.{16 * part}.0/20"))
            .Where(space => !taken.Exists(range => range.Contains(space.BaseAddress) || space.Contains(range.BaseAddress)))
            .Select(Lock).OfType<AddressSpace>().First();
    }

    /// <summary>The part of a space for others than the deployment, such as those who use MLflow from a machine in the network.</summary>
    public static IPNetwork NeighboursOf(IPNetwork space) => new(SubnetAddresses.At(space, NeighboursOffset), 24);

    public void Dispose() => _taken.Dispose();

    /// <summary>Docker says what is taken once a run has made its networks; this file says it from the first moment on.</summary>
    private static AddressSpace? Lock(IPNetwork space)
    {
        try
        {
            var path = Path.Combine(Path.GetTempPath(), $"mlflow-aspire-network-{space.BaseAddress}.lock");
            return new(space, new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException)
        {
            return null;
        }
    }
}

using System.Collections.Concurrent;
using DotNet.Testcontainers.Networks;
using Testcontainers.PostgreSql;

namespace MlflowAspire.Tests.Image;

/// <summary>
/// The PostgreSQL server of all tests of the image, with databases that others are copies of. It runs while a collection uses it: each is in a network of its
/// own, which the server joins.
/// </summary>
internal sealed class SharedDatabaseServer
{
    private static readonly Lock s_lock = new();
    private static SharedDatabaseServer? s_current;
    private static int s_users;

    private readonly PostgreSqlContainer _postgres =
        // Several servers of MLflow use it at once.
        new PostgreSqlBuilder("postgres:17.6").WithPassword(ImageFixture.Password).WithCommand("-c", "max_connections=300").Build();

    private readonly Lazy<Task<string>> _start;
    private readonly ConcurrentDictionary<string, Lazy<Task<(TestDatabase Database, ImageRun Run)>>> _templates = [];

    private SharedDatabaseServer() => _start = new(StartAsync);

    /// <summary>The server, which runs at least until <see cref="ReleaseAsync"/>.</summary>
    public static SharedDatabaseServer Use()
    {
        lock (s_lock)
        {
            s_users++;
            return s_current ??= new();
        }
    }

    /// <summary>Ends the use of the server by one collection; the last one ends the server.</summary>
    public async Task ReleaseAsync()
    {
        lock (s_lock)
        {
            if (--s_users > 0)
            {
                return;
            }

            s_current = null;
        }

        await _postgres.DisposeAsync();
    }

    /// <summary>Puts the server into a network, and gives the connection string of this machine.</summary>
    public async Task<string> JoinAsync(INetwork network, string name)
    {
        var connectionString = await _start.Value;
        await DockerCli.RunAsync("network", "connect", "--alias", name, network.Name, _postgres.Id);
        return connectionString;
    }

    /// <summary>Takes the server out of a network, so that the network can be removed.</summary>
    public Task LeaveAsync(INetwork network) => DockerCli.RunAsync("network", "disconnect", "--force", network.Name, _postgres.Id);

    /// <summary>A database that is made once, and what the command wrote that filled it.</summary>
    public Task<(TestDatabase Database, ImageRun Run)> TemplateAsync(string name, Func<Task<(TestDatabase Database, ImageRun Run)>> create) =>
        _templates.GetOrAdd(name, _ => new(create)).Value;

    private async Task<string> StartAsync()
    {
        await _postgres.StartAsync();
        return _postgres.GetConnectionString();
    }
}

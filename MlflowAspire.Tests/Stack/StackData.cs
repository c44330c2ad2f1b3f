using System.Security.Cryptography;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Xunit.Sdk;

namespace MlflowAspire.Tests.Stack;

/// <summary>What outlives a stack: volumes and secrets of its own, which no developer's stack has. Removed at the end.</summary>
public sealed class StackData : IAsyncDisposable
{
    private static readonly TimeSpan s_removalLimit = TimeSpan.FromMinutes(1);

    private readonly string _prefix = $"mlflow-aspire-test-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    private readonly Dictionary<string, string> _secrets = [];
    private readonly HashSet<string> _volumes = [];

    /// <summary>The values of all secret parameters.</summary>
    public IEnumerable<string> Secrets => _secrets.Values;

    /// <summary>Where the stack keeps the archives of its backups.</summary>
    public string BackupFolder { get; } = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}-backups");

    /// <summary>Gives the model these volumes, secrets and the folder in place of the developer's.</summary>
    public void ApplyTo(IDistributedApplicationBuilder builder)
    {
        // The password of the PostgreSQL container is a parameter without a resource.
        var secrets = builder.Resources.OfType<ParameterResource>().Where(parameter => parameter.Secret).Select(parameter => parameter.Name);
        foreach (var name in secrets.Append("postgres-password"))
        {
            builder.Configuration[$"Parameters:{name}"] = Secret(name);
        }

        foreach (var server in builder.Resources.OfType<MlflowServerResource>().ToList())
        {
            builder.CreateResourceBuilder(server).WithBackupFolder(BackupFolder);
        }

        foreach (var resource in builder.Resources)
        {
            foreach (var mount in resource.Annotations.OfType<ContainerMountAnnotation>().Where(mount => mount.Type == ContainerMountType.Volume).ToList())
            {
                // Containers that share a volume share this one.
                var volume = $"{_prefix}-{mount.Source}";
                _volumes.Add(volume);
                resource.Annotations.Remove(mount);
                resource.Annotations.Add(new ContainerMountAnnotation(volume, mount.Target, mount.Type, mount.IsReadOnly));
            }
        }
    }

    /// <summary>
    /// The value of a secret parameter: with characters that break a URI, an ini file or a shell, so that a missing escape shows.
    /// Those that break a connection string of Aspire's own (; ' ") are left out.
    /// </summary>
    public string Secret(string name)
    {
        if (!_secrets.TryGetValue(name, out var value))
        {
            _secrets[name] = value = $"{RandomNumberGenerator.GetHexString(32)}@:/%#?& $\\+{{}}!~";
        }

        return value;
    }

    public async ValueTask DisposeAsync()
    {
        if (_volumes.Count > 0)
        {
            await RemoveVolumesAsync();
        }

        if (Directory.Exists(BackupFolder))
        {
            Directory.Delete(BackupFolder, recursive: true);
        }
    }

    /// <summary>On a busy machine a container can outlive its app host by some seconds, and its volumes are in use as long.</summary>
    private async Task RemoveVolumesAsync()
    {
        for (var end = DateTime.UtcNow + s_removalLimit; ;)
        {
            try
            {
                await DockerCli.RunAsync(["volume", "rm", "--force", .. _volumes]);
                return;
            }
            catch (XunitException) when (DateTime.UtcNow < end)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }
}

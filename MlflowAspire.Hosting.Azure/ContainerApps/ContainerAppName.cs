using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The names of apps and jobs of Container Apps.</summary>
internal static class ContainerAppName
{
    private const int Longest = 32;

    /// <summary>The name that Aspire gives an app: Azure takes small letters only.</summary>
    public static string Of(IResource resource) => Of(resource.Name);

    /// <summary>The name of an app or a job.</summary>
    public static string Of(string name) => name.ToLowerInvariant();

    /// <summary>Refuses a server whose app and jobs would have names that Azure refuses, in the middle of a deployment.</summary>
    /// <exception cref="DistributedApplicationException">One is too long.</exception>
    public static void Require(MlflowServerResource server)
    {
        List<string> names = [server.GarbageCollection.Name];
        if (PeriodicTasksApp.IsNeededBy(server))
        {
            names.Add(PeriodicTasksApp.NameOf(server));
        }

        if (server.TryGetLastAnnotation<OperationJobsAnnotation>(out var jobs))
        {
            names.AddRange(jobs.Of(server).Select(job => PublishedOperations.NameOf(job, server)));
        }

        var longest = names.MaxBy(name => name.Length)!;
        if (longest.Length > Longest)
        {
            throw new DistributedApplicationException(
                $"MLflow server '{server.Name}' is published with '{longest}', and Container Apps takes names of {Longest} characters; "
                + $"accepted: a server with a name of {Longest - longest.Length + server.Name.Length} characters at most.");
        }
    }
}

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Azure;
using MlflowAspire.Hosting;

namespace MlflowAspire.Hosting.Azure;

public sealed partial record MlflowSettings
{
    /// <summary>Checks settings for the server that they publish.</summary>
    /// <exception cref="SettingsException">They do not fit each other, or the server has no sign-in and is open to the internet.</exception>
    internal void CheckFor(MlflowServerResource server)
    {
        var mistakes = new Mistakes(Section);
        Check(mistakes, isPublishing: true);
        var hasBlobs = server.ArtifactStore is AzureBlobStorageContainerResource;
        CheckJobs(mistakes, job => PublishedOperations.LackOf(job, server.SignInDatabase is not null, server.SignIn?.Credentials is not null)
            ?? (!hasBlobs && job is OperationJob.Backup or OperationJob.Restore ? "artifacts in a blob container, beside which backups are" : null)
            ?? Import.LackOf(job));
        if (!hasBlobs && Operators.FirstOrDefault(one => one.Blobs is not BlobAccess.None) is { } one)
        {
            mistakes.Reject(
                $"{nameof(Operators)}:{one.Name}", $"blobs:{one.Blobs.ToString().ToLowerInvariant()}", "nothing about blobs, as the artifacts are in none");
        }

        if (server.SignIn is null)
        {
            RefuseOpenServer(mistakes);
        }

        mistakes.ThrowIfAny();
    }

    /// <summary>Checks that the settings fit each other, wherever they come from.</summary>
    private void Check(Mistakes mistakes, bool isPublishing)
    {
        Server.Check(mistakes, Jobs);
        Sizes.Check(mistakes);
        Backups.Check(mistakes, OperationJobs);
        Import.Check(mistakes, OperationJobs);
        if (AllowAnonymous && SignIn.Mode is not SignInMode.None)
        {
            mistakes.Reject(
                nameof(AllowAnonymous), "true",
                $"false while Mlflow:SignIn is {SignIn.Mode.ToString().ToLowerInvariant()}, which lets nobody in without signing in");
        }

        if (Size.WorkersThatFit(Jobs) is var fit && Workers > fit)
        {
            mistakes.Reject(
                nameof(Workers), Workers, FormattableString.Invariant(
                    $"{(fit > 0 ? $"1 to {fit}" : "none")} in the {Size.MemoryGiB} GiB of the server{(Jobs ? ", of which jobs take a part" : "")}; ")
                + FormattableString.Invariant($"or Mlflow:{nameof(MemoryGiB)} of {MlflowServerSize.MemoryFor(Workers, Jobs)} or more"));
        }

        if (isPublishing)
        {
            if (!ContainerSize.Accepts(Size))
            {
                mistakes.Reject(nameof(MemoryGiB), FormattableString.Invariant($"{Size.MemoryGiB}"), $"with Mlflow:{nameof(Cores)}: {ContainerSize.Accepted}");
            }

            Database.CheckPublished(mistakes);
            DatabaseConnections.Check(mistakes, this);
            Network.Check(mistakes);
            if (Storage.Authentication is StorageAuthentication.AccessKey && Existing is { StorageAccount: not null } or { KeyVault: not null })
            {
                mistakes.Reject(
                    "Storage:Authentication", "access-key",
                    "identity with an existing storage account or key vault: no deployment writes a key of the one into the other");
            }
        }
    }

    /// <summary>A job that would fail whenever it is started is refused.</summary>
    private void CheckJobs(Mistakes mistakes, Func<OperationJob, string?> lackOf)
    {
        foreach (var job in OperationJobs ?? [])
        {
            if (lackOf(job) is { } lack)
            {
                mistakes.Reject(nameof(OperationJobs), PublishedOperations.NameOf(job), $"jobs that the server can have; this one needs {lack}");
            }
        }
    }

    /// <summary>A server that everyone on the internet may do everything on is published only when the settings say so.</summary>
    private void RefuseOpenServer(Mistakes mistakes)
    {
        if (!AllowAnonymous && SignIn.Mode is SignInMode.None && Server is { Ingress: IngressMode.External, AllowedAddresses: [] })
        {
            mistakes.Reject(
                "SignIn", "none", "basic, oidc or entra while Mlflow:Ingress is external: the internet reaches the server. "
                    + "Mlflow:AllowedAddresses or Mlflow:Ingress restrict who does; "
                + $"Mlflow:{nameof(AllowAnonymous)}=true publishes it all the same, and everyone may read, change and delete everything");
        }
    }
}

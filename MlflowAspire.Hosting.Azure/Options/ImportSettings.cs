namespace MlflowAspire.Hosting.Azure;

/// <summary>The settings <c>Mlflow:Import:*</c>, of the job that imports from another server.</summary>
public sealed record ImportSettings
{
    private const string SourceKey = $"Import:{nameof(Source)}";
    private const string UserNameKey = $"Import:{nameof(UserName)}";
    private const string TokenKey = $"Import:{nameof(Token)}";
    private const string DeletedKey = $"Import:{nameof(Deleted)}";
    private const string ReplaceKey = $"Import:{nameof(Replace)}";

    /// <summary>
    /// The address of the server that is imported from (<c>Mlflow:Import:Source</c>, default none, and then there is no such job): by https, or by http with an
    /// IPv4 address of a private network.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>Who signs in there (<c>Mlflow:Import:UserName</c>, default nobody), with the password of the parameter <c>import-password</c>.</summary>
    public string? UserName { get; init; }

    /// <summary>Whether the parameter <c>import-token</c> signs in there (<c>Mlflow:Import:Token</c>, default false).</summary>
    public bool Token { get; init; }

    /// <summary>Whether deleted experiments and runs come as well (<c>Mlflow:Import:Deleted</c>, default false).</summary>
    public bool Deleted { get; init; }

    /// <summary>Whether it takes the place of everything that is there (<c>Mlflow:Import:Replace</c>, default false).</summary>
    public bool Replace { get; init; }

    /// <summary>Reads the settings.</summary>
    internal static ImportSettings Read(SettingsSection section) => new()
    {
        Source = section.NonEmptyText(SourceKey),
        UserName = section.NonEmptyText(UserNameKey),
        Token = section.Boolean(TokenKey, false),
        Deleted = section.Boolean(DeletedKey, false),
        Replace = section.Boolean(ReplaceKey, false),
    };

    /// <summary>What the settings lack for an operation, in words; null when they have all.</summary>
    internal string? LackOf(OperationJob job) => job is OperationJob.Import && Source is null ? $"a server to import from, Mlflow:{SourceKey}" : null;

    /// <summary>Checks the settings, and that they fit the jobs.</summary>
    internal void Check(Mistakes mistakes, IReadOnlyList<OperationJob>? jobs)
    {
        if (Source is null)
        {
            var useless = new[] { (UserNameKey, UserName), (TokenKey, Set(Token)), (DeletedKey, Set(Deleted)), (ReplaceKey, Set(Replace)) };
            foreach (var (key, value) in useless.Where(setting => setting.Item2 is not null))
            {
                mistakes.Reject(key, value, $"nothing without Mlflow:{SourceKey}");
            }

            return;
        }

        if (!ImportRules.Source.Accepts(Source))
        {
            mistakes.Reject(SourceKey, Source, ImportRules.Source.Accepted);
        }
        else if (jobs is not null && !jobs.Contains(OperationJob.Import))
        {
            mistakes.Reject(SourceKey, Source, $"nothing while Mlflow:{nameof(MlflowSettings.OperationJobs)} lacks import");
        }

        if (Token && UserName is not null)
        {
            mistakes.Reject(TokenKey, "true", $"false while Mlflow:{UserNameKey} is '{UserName}', who signs in by a password");
        }
    }

    private static string? Set(bool flag) => flag ? "true" : null;
}

namespace MlflowAspire.AppHost.Azure;

/// <summary>The sizes, the redundancy and the retention that a profile stands for; docs/cost.md has the sum of each.</summary>
internal sealed record ProfileSizes
{
    /// <summary>Whether resources are spread over availability zones (guide row G14).</summary>
    public required bool ZoneRedundancy { get; init; }

    /// <summary>The sizes of a profile.</summary>
    public static ProfileSizes Of(DeploymentProfile profile) => profile switch
    {
        DeploymentProfile.Development => new()
        {
            ZoneRedundancy = false,
        },
        _ => new()
        {
            ZoneRedundancy = true,
        },
    };
}

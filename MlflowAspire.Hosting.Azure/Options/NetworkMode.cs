namespace MlflowAspire.Hosting.Azure;

/// <summary>Where the virtual network comes from.</summary>
public enum NetworkMode
{
    /// <summary>It is deployed with MLflow.</summary>
    New,

    /// <summary>It exists; the subnets are added to it.</summary>
    Existing,

    /// <summary>It exists with its subnets, whose rules and delegations are their owner's.</summary>
    ExistingSubnets,
}

namespace MlflowAspire.Hosting.Azure;

/// <summary>What a deployment is for; it sets sizes, redundancy and retention, which settings of their own can change.</summary>
public enum DeploymentProfile
{
    /// <summary>The smallest sizes, one of everything.</summary>
    Development,

    /// <summary>Standby and copies in other zones, longer retention.</summary>
    Production,
}

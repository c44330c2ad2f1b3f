namespace MlflowAspire.Hosting;

/// <summary>What a user may do with experiments, models and prompts that nobody has granted anything on.</summary>
public enum MlflowPermissionLevel
{
    /// <summary>Nothing (<c>NO_PERMISSIONS</c>).</summary>
    None,

    /// <summary>Look at them (<c>READ</c>).</summary>
    Read,

    /// <summary>Look at them and call endpoints of the AI gateway (<c>USE</c>).</summary>
    Use,

    /// <summary>Change them (<c>EDIT</c>).</summary>
    Edit,

    /// <summary>Change and delete them and grant permissions (<c>MANAGE</c>).</summary>
    Manage,
}

namespace MlflowAspire.Hosting.Azure;

/// <summary>What an operator can have done in Azure without a way into the network: each is a job of Container Apps that is started by hand.</summary>
public enum OperationJob
{
    /// <summary>Says whether databases and artifact store can be used, what is in them, and which archives there are.</summary>
    Check,

    /// <summary>Lists the users, with a sign-in that has some.</summary>
    Users,

    /// <summary>Gives the administrator of basic authentication the password of the key vault.</summary>
    ResetAdmin,

    /// <summary>Writes everything into an archive among the backups.</summary>
    Backup,

    /// <summary>Brings an archive back, without further settings the latest one and into an empty server only.</summary>
    Restore,

    /// <summary>Brings the data of another server into this one, which is empty.</summary>
    Import,
}

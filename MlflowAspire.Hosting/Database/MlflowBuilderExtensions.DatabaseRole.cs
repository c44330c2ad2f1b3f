using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Signs the server, its migration and its garbage collection in to PostgreSQL as a role of their own instead of the administrator (<c>PGUSER</c> and
    /// <c>PGPASSWORD</c>), locally and in Azure. With two such roles that take turns, a password is changed without an interruption.
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="userName">The name of the role, which exists already and may create tables in all databases of the server.</param>
    /// <param name="password">Its password, a secret. A key vault may keep it.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The password is no secret.</exception>
    /// <exception cref="InvalidOperationException">When publishing: the flexible server takes no passwords.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithDatabaseRole(
        this IResourceBuilder<MlflowServerResource> builder, IResourceBuilder<ParameterResource> userName, IResourceBuilder<ParameterResource> password)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(userName);
        ArgumentNullException.ThrowIfNull(password);
        password.RequireSecret("the password of a database role", nameof(password));
        var server = builder.Resource;
        server.Secrets.Add(password.Resource);
        server.DatabaseRole = (userName.Resource, password.Resource);
        return builder;
    }
}

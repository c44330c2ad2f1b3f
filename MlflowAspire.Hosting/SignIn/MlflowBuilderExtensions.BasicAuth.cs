using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Has users sign in with name and password, MLflow's own basic authentication. Users and permissions are kept in a database
    /// <c>{name of the server}_auth</c> beside the backend store.
    /// </summary>
    /// <remarks>
    /// The administrator is created at the first start; MLflow reads the password from this parameter at no later one, so that changing it takes MLflow's
    /// own API as well. Clients added by <c>WithReference</c> sign in as the administrator. Name and password are values of a deployment: the server checks
    /// them when it starts.
    /// <para>
    /// MLflow hashes the password on each request, which leaves 5 requests a second and core, unless it remembers for a while that it was right. The server of
    /// this image counts that only for a user who has not changed since: a password that was changed and a user who was deleted have no access any more.
    /// </para>
    /// </remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="adminUser">
    /// The name of the administrator (<c>MLFLOW_AUTH_ADMIN_USERNAME</c>), printable ASCII characters without a colon; <c>admin</c> when it is not given.
    /// </param>
    /// <param name="adminPassword">
    /// The first password of the administrator (<c>MLFLOW_AUTH_ADMIN_PASSWORD</c>), 12 ASCII characters or more; generated and kept when it is not given.
    /// </param>
    /// <param name="defaultPermission">What users may do with what nobody has granted them anything on (<c>default_permission</c>).</param>
    /// <param name="credentialCache">
    /// How long a right password is remembered (<c>auth_cache_ttl_seconds</c>), 0 to 1 hour in whole seconds; 60 seconds when it is not given.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The password is not a secret.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time or the permission is out of range.</exception>
    /// <exception cref="InvalidOperationException">The server has a sign-in already.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithBasicAuth(
        this IResourceBuilder<MlflowServerResource> builder,
        IResourceBuilder<ParameterResource>? adminUser = null,
        IResourceBuilder<ParameterResource>? adminPassword = null,
        MlflowPermissionLevel defaultPermission = MlflowPermissionLevel.Read,
        TimeSpan? credentialCache = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        const string name = "basic authentication";
        var permission = defaultPermission.ToSetting(nameof(defaultPermission));
        var cache = credentialCache ?? TimeSpan.FromMinutes(1);
        Rules.CredentialCache.Require(cache, nameof(credentialCache));
        adminPassword?.RequireSecret("the password of MLflow's administrator (MLFLOW_AUTH_ADMIN_PASSWORD)", nameof(adminPassword));
        var server = builder.Resource;
        server.RequireNoSignIn(name);
        var user = adminUser is null ? ReferenceExpression.Create($"admin") : ReferenceExpression.Create($"{adminUser}");
        var password = adminPassword
            ?? builder.ApplicationBuilder.AddGeneratedSecret($"{server.Name}-admin-password", "The password of MLflow's administrator.");

        server.SignIn = new(name, (user, password.Resource));
        return builder
            .WithSignInDatabase("basic-auth", "MLFLOW_AUTH_DATABASE_URI", "auth")
            .WithEnvironment("MLFLOW_AUTH_ADMIN_USERNAME", user)
            .WithServerSecret("MLFLOW_AUTH_ADMIN_PASSWORD", password, versions => versions.AdminPassword)
            .WithEnvironment("MLFLOW_AUTH_DEFAULT_PERMISSION", permission)
            .WithEnvironment("MLFLOW_AUTH_CACHE_TTL_SECONDS", ((int)cache.TotalSeconds).ToString(CultureInfo.InvariantCulture));
    }
}

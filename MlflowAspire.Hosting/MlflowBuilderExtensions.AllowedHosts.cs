using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Adds names that the server may be called by (<c>MLFLOW_SERVER_ALLOWED_HOSTS</c>), such as that of a reverse proxy. The names of its own
    /// endpoints are always allowed, any other Host header is answered with 403: that is what keeps other web sites from reaching the server
    /// through a visitor's browser. Pages under these names may use the server (<c>MLFLOW_SERVER_CORS_ALLOWED_ORIGINS</c>).
    /// </summary>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="hosts">
    /// Host names, without a scheme; with a port (<c>mlflow.example.com:8443</c>) for that port only, else for any. <c>*</c> stands for any part of a name,
    /// but not for all of it.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A name is not a host name.</exception>
    [AspireExport]
    public static IResourceBuilder<MlflowServerResource> WithAllowedHosts(this IResourceBuilder<MlflowServerResource> builder, params string[] hosts)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(hosts);
        foreach (var host in hosts)
        {
            Rules.AllowedHost.Require(host ?? "", nameof(hosts));
        }

        builder.Resource.AllowedHosts.AddRange(hosts);
        return builder;
    }

    private static void SetAllowedHosts(this MlflowServerResource server, EnvironmentCallbackContext context)
    {
        var isRun = context.ExecutionContext.IsRunMode;
        var hosts = new ReferenceExpressionBuilder();
        var origins = new ReferenceExpressionBuilder();
        if (isRun)
        {
            // On the machine, and by the names that containers of the app host use. Pages of the machine itself are always allowed as origins.
            string[] names = ["localhost", "127.0.0.1", server.Name, $"{server.Name}.dev.internal"];
            hosts.AppendLiteral(string.Join(',', names.SelectMany(Entries)));
        }
        else
        {
            // The pages of MLflow name their own origin in what they send, and it is refused unless it is listed.
            hosts.AppendLiteral(string.Join(',', Entries(server.Name)));
            hosts.Append($",{server.Host},{server.Host}:*");
            origins.Append($"https://{server.Host}");
        }

        if (server.CustomDomain is { } domain)
        {
            hosts.AppendLiteral($",{domain},{domain}:*");
            origins.AppendLiteral($",https://{domain}");
        }

        foreach (var entry in server.AllowedHosts.SelectMany(Entries))
        {
            hosts.AppendLiteral($",{entry}");
            origins.AppendLiteral($"{(origins.IsEmpty ? "" : ",")}https://{entry}{(isRun ? $",http://{entry}" : "")}");
        }

        context.EnvironmentVariables["MLFLOW_SERVER_ALLOWED_HOSTS"] = hosts.Build();
        if (!origins.IsEmpty)
        {
            context.EnvironmentVariables["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = origins.Build();
        }
    }

    /// <summary>MLflow compares the whole header, port included.</summary>
    private static IEnumerable<string> Entries(string host) => host.Contains(':', StringComparison.Ordinal) ? [host] : [host, $"{host}:*"];
}

using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    /// <summary>
    /// Keeps experiments, runs, models and traces in a database of any PostgreSQL server, which is no resource of the app host.
    /// </summary>
    /// <remarks>
    /// The database exists. With basic authentication or OpenID Connect a second one does, which the role may create tables in as well:
    /// <c>{name of the server}_auth</c> or <c>{name of the server}_oidc</c>, with <c>_</c> for each <c>-</c> of the name.
    /// </remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="uri">
    /// <c>postgresql://host[:port]/database[?sslmode=verify-full&amp;sslrootcert=system]</c> (<c>MLFLOW_BACKEND_STORE_URI</c>), without user and password.
    /// Host, port and parameters may refer to other resources or parameters, the name of the database is text:
    /// <c>ReferenceExpression.Create($"postgresql://{host}:5432/mlflow")</c>.
    /// </param>
    /// <param name="userName">The role that signs in (<c>PGUSER</c>).</param>
    /// <param name="password">Its password (<c>PGPASSWORD</c>), a secret. A key vault may keep it.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">The URI is none of a database or holds credentials, or the password is no secret.</exception>
    /// <exception cref="InvalidOperationException">The server has a backend store already.</exception>
    [AspireExport("withExternalBackendStore")]
    public static IResourceBuilder<MlflowServerResource> WithBackendStore(
        this IResourceBuilder<MlflowServerResource> builder,
        ReferenceExpression uri,
        IResourceBuilder<ParameterResource> userName,
        IResourceBuilder<ParameterResource> password)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(userName);
        ArgumentNullException.ThrowIfNull(password);
        s_databaseUri.Require(uri.Format, nameof(uri));
        password.RequireSecret("the password of a database role (PGPASSWORD)", nameof(password));

        var parts = DatabaseUriPattern().Match(uri.Format).Groups;
        var secrets = builder.Resource.Secrets;
        secrets.Add(password.Resource);
        return builder.WithBackendStore(parts["database"].Value, new(
            Database: null,
            UriOf,
            AddDatabase: null,
            () => (ReferenceExpression.Create($"{userName}"), secrets.ValueOf(password.Resource))));

        ReferenceExpression UriOf(string database)
        {
            var result = new ReferenceExpressionBuilder();
            result.AppendLiteral("postgresql+psycopg2://");
            Append(parts["server"].Value);
            result.AppendLiteral($"/{Uri.EscapeDataString(database)}");
            Append(parts["parameters"].Value);
            return result.Build();

            void Append(string format)
            {
                // Text, and in turn the numbers of what it refers to.
                foreach (var (index, part) in PlaceholderPattern().Split(format).Index())
                {
                    if (index % 2 == 0)
                    {
                        result.AppendLiteral(part);
                    }
                    else
                    {
                        var reference = int.Parse(part, CultureInfo.InvariantCulture);
                        result.AppendValueProvider(uri.ValueProviders[reference], uri.StringFormats[reference]);
                    }
                }
            }
        }
    }

    private static readonly Rule<string> s_databaseUri = new(
        "MLFLOW_BACKEND_STORE_URI", "postgresql://host[:port]/database[?parameters], without user and password, which are parameters of their own",
        format => DatabaseUriPattern().IsMatch(format));

    [GeneratedRegex(
        @"^postgres(ql)?(\+psycopg2)?://(?<server>[A-Za-z0-9.:{}_\[\]-]+)/(?<database>[A-Za-z0-9_-]+)"
        + @"(?<parameters>\?(?!(.*&)?(user|password|options)=)[^#\s]*)?$")]
    private static partial Regex DatabaseUriPattern();

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex PlaceholderPattern();
}

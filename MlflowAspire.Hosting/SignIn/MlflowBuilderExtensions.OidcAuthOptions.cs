using System.Net;
using MlflowAspire.Hosting;

namespace Aspire.Hosting;

public static partial class MlflowBuilderExtensions
{
    private static void RequireValid(this OidcAuthOptions options, string parameterName)
    {
        RequireNames(options.UserGroups, "a group of users (OIDC_GROUP_NAME)");
        RequireNames(options.AdminGroups, "a group of administrators (OIDC_ADMIN_GROUP_NAME)");
        RequireNames(options.UserNameClaims ?? [], "a claim that names the user (OIDC_USERNAME_FIELD)");
        Require(
            options.UserGroups.Count + options.AdminGroups.Count > 0,
            "There is neither a group of users (OIDC_GROUP_NAME) nor one of administrators (OIDC_ADMIN_GROUP_NAME), so that nobody could "
            + "sign in. Accepted is one or more.");
        Require(
            options.UserNameClaims is not { Count: 0 },
            "There is no claim that names the user (OIDC_USERNAME_FIELD). Accepted is one or more, or null for the usual ones.");
        if (options.Audience is { } audience)
        {
            Rules.Audience.Require(audience, nameof(options.Audience));
        }

        if (options.Issuer is { } issuer)
        {
            Rules.Issuer.Require(issuer, nameof(options.Issuer));
        }

        Rules.AccessTokenDays.Require(options.AccessTokenDays, nameof(options.AccessTokenDays));
        foreach (var range in options.TrustedProxies)
        {
            Require(
                IPNetwork.TryParse(range, out _),
                $"'{range}' is not a range of trusted proxies (TRUSTED_PROXIES). Accepted are ranges in CIDR notation such as '10.0.0.0/23'.");
        }

        // The plugin reads them out of a list that is separated by commas.
        void RequireNames(IReadOnlyList<string> names, string what)
        {
            foreach (var name in names)
            {
                Require(
                    !string.IsNullOrEmpty(name) && name == name.Trim() && !name.Contains(',', StringComparison.Ordinal),
                    $"'{name}' is not {what}. Accepted are names without commas and without spaces around them.");
            }
        }

        void Require(bool condition, string problem)
        {
            if (!condition)
            {
                throw new ArgumentException(problem, parameterName);
            }
        }
    }
}

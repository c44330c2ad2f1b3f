using System.Text.RegularExpressions;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Who operates a deployment (<c>Mlflow:Operators:&lt;name&gt;</c>): <c>group:6f1e2f5c-5a49-4a3e-9d3c-7a3b9f5f1e10, blobs:read</c>.</summary>
/// <param name="Name">A name for the roles in the template: letters, digits and hyphens.</param>
/// <param name="Kind">What has the object id.</param>
/// <param name="ObjectId">The object id in Microsoft Entra; of a service principal or a managed identity not the application or client id.</param>
/// <param name="Blobs">What the operator may do with the blobs of artifacts and backups.</param>
public sealed partial record MlflowOperator(string Name, OperatorKind Kind, Guid ObjectId, BlobAccess Blobs = BlobAccess.None)
{
    private const string Key = "Operators";

    /// <summary>Reads the setting.</summary>
    internal static MlflowOperator[] Read(SettingsSection section)
    {
        List<MlflowOperator> operators = [];
        foreach (var (name, value) in section.Below(Key))
        {
            if (Pattern().Match(value) is not { Success: true } match || !NamePattern().IsMatch(name))
            {
                section.Reject(
                    $"{Key}:{name}", value,
                    "'group:<object id>', 'user:<object id>' or 'service-principal:<object id>', with ', blobs:read' or ', blobs:write' after it for artifacts "
                    + "and backups; the name in letters, digits and hyphens");
                continue;
            }

            var one = new MlflowOperator(
                name,
                match.Groups["kind"].Value switch
                {
                    "group" => OperatorKind.Group,
                    "user" => OperatorKind.User,
                    _ => OperatorKind.ServicePrincipal,
                },
                Guid.Parse(match.Groups["id"].Value),
                match.Groups["blobs"].Value switch
                {
                    "read" => BlobAccess.Read,
                    "write" => BlobAccess.Write,
                    _ => BlobAccess.None,
                });
            if (operators.Find(other => other.ObjectId == one.ObjectId) is { } other)
            {
                section.Reject($"{Key}:{name}", value, $"an object id that Mlflow:{Key}:{other.Name} has not");
            }

            operators.Add(one);
        }

        return [.. operators];
    }

    /// <summary>Checks an operator that is not of the configuration.</summary>
    /// <exception cref="ArgumentException">The name or the object id is wrong.</exception>
    internal void Check()
    {
        if (!NamePattern().IsMatch(Name) || ObjectId == Guid.Empty)
        {
            throw new ArgumentException(
                $"The operator '{Name}' has the object id {ObjectId}; accepted: a name of letters, digits and hyphens, and an object id of Microsoft Entra.");
        }
    }

    [GeneratedRegex(@"^(?<kind>group|user|service-principal):(?<id>[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})( *, *blobs:(?<blobs>read|write))?$")]
    private static partial Regex Pattern();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
    private static partial Regex NamePattern();
}

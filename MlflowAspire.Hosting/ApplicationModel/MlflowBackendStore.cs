namespace Aspire.Hosting.ApplicationModel;

/// <summary>The server of the databases of an MLflow server, with the database of experiments, runs and models.</summary>
/// <param name="Database">The database of experiments, runs and models; null when it is no resource of the app host.</param>
/// <param name="UriOf">The URI of a database on the server, by its name. It holds no secret.</param>
/// <param name="AddDatabase">
/// Adds a database on the server: the name of the resource, the name of the database; null where whoever has the server adds it.
/// </param>
/// <param name="Credentials">Who signs in, asked for when everything is set up: a user name and a password, where there are any.</param>
internal sealed record MlflowBackendStore(
    IResource? Database,
    Func<string, ReferenceExpression> UriOf,
    Func<string, string, IResourceBuilder<IResource>>? AddDatabase,
    Func<(ReferenceExpression? UserName, object? Password)> Credentials);

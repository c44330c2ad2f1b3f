namespace Aspire.Hosting.ApplicationModel;

/// <summary>How clients sign in to an MLflow server.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Credentials">The user name and the password that clients of the app host sign in with; null where a client has to bring a token.</param>
internal sealed record MlflowSignIn(string Name, (ReferenceExpression UserName, ParameterResource Password)? Credentials = null);

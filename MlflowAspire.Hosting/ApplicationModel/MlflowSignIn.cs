namespace Aspire.Hosting.ApplicationModel;

/// <summary>How clients sign in to an MLflow server.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="SetClient">Gives a client what it signs in with; null where a client has to bring it along.</param>
internal sealed record MlflowSignIn(string Name, Action<EnvironmentCallbackContext>? SetClient);

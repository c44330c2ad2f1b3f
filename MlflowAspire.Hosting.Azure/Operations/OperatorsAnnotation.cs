using Aspire.Hosting.ApplicationModel;

namespace MlflowAspire.Hosting.Azure;

/// <summary>Who operates the published server.</summary>
/// <param name="Operators">The operators.</param>
internal sealed record OperatorsAnnotation(IReadOnlyList<MlflowOperator> Operators) : IResourceAnnotation;

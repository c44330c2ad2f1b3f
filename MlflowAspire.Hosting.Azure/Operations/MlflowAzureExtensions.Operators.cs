using Aspire.Hosting.ApplicationModel;
using MlflowAspire.Hosting.Azure;

namespace Aspire.Hosting;

public static partial class MlflowAzureExtensions
{
    /// <summary>
    /// Lets people and applications operate the published server. They read its logs and the secrets of the key vault, have a shell in its containers, start
    /// its jobs, and do with its blobs what is said. On what exists already, such as a vault or a workspace, its owner gives roles. It has no effect in a local
    /// run.
    /// </summary>
    /// <remarks>An operator is as powerful as the server: whoever starts a job or a shell acts with the server's identity.</remarks>
    /// <param name="builder">The MLflow server.</param>
    /// <param name="operators">The operators.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">A name or an object id is wrong, or there twice.</exception>
    public static IResourceBuilder<MlflowServerResource> WithOperators(
        this IResourceBuilder<MlflowServerResource> builder, params IReadOnlyList<MlflowOperator> operators)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(operators);
        foreach (var one in operators)
        {
            one.Check();
        }

        foreach (var same in operators.GroupBy(one => one.ObjectId).Where(same => same.Count() > 1))
        {
            var names = string.Join(" and ", same.Select(one => $"'{one.Name}'"));
            throw new ArgumentException($"The operators {names} have one object id, {same.Key}.", nameof(operators));
        }

        return builder.WithAnnotation(new OperatorsAnnotation(operators), ResourceAnnotationMutationBehavior.Replace);
    }
}

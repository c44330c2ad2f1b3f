namespace MlflowAspire.AppHost.Azure;

/// <summary>The addresses that a network rule names: a service tag, or a range that is a parameter.</summary>
/// <param name="Prefix">The service tag, or <c>*</c>.</param>
/// <param name="Reference">The range, in place of the service tag.</param>
internal readonly record struct NetworkRange(string Prefix, ReferenceExpression? Reference)
{
    /// <summary>The addresses of a service tag.</summary>
    public static implicit operator NetworkRange(string tag) => new(tag, null);

    /// <summary>The addresses of a subnet.</summary>
    public static NetworkRange Of(IResourceBuilder<ParameterResource> range) => new("*", ReferenceExpression.Create($"{range.Resource}"));
}

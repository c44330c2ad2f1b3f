namespace MlflowAspire.Hosting;

/// <summary>What the container for operators does in one of its runs.</summary>
/// <param name="Arguments">The arguments of the image.</param>
/// <param name="Statement">The SQL statement, which is none of them: it may hold what nobody else should read.</param>
internal sealed record Operation(IReadOnlyList<string> Arguments, string? Statement = null)
{
    /// <summary>What the image reads a statement from that is no argument.</summary>
    public const string StatementVariable = "MLFLOW_SQL_STATEMENT";

    public static Operation Sql(string statement, bool ofUsers, bool write)
    {
        (string Name, bool IsSet)[] options = [("--users", ofUsers), ("--write", write)];
        return new(["sql", .. options.Where(option => option.IsSet).Select(option => option.Name)], statement);
    }
}

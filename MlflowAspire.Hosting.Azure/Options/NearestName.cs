namespace MlflowAspire.Hosting.Azure;

/// <summary>Finds what somebody meant who mistyped a name.</summary>
internal static class NearestName
{
    /// <summary>The name that takes the fewest changes of a letter to get to; null when none is near.</summary>
    /// <param name="name">What was typed.</param>
    /// <param name="names">What could have been meant.</param>
    public static string? Of(string name, IEnumerable<string> names)
    {
        var (distance, nearest) = names
            .Select(candidate => (Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant()), candidate)).MinBy(candidate => candidate.Item1);
        return distance <= Math.Max(2, name.Length / 3) ? nearest : null;
    }

    // Levenshtein's distance, a row at a time.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 0; i < a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i + 1;
            for (var j = 0; j < b.Length; j++)
            {
                (diagonal, row[j + 1]) = (row[j + 1], Math.Min(diagonal + (a[i] == b[j] ? 0 : 1), Math.Min(row[j], row[j + 1]) + 1));
            }
        }

        return row[^1];
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using Azure.Provisioning.PostgreSql;

namespace MlflowAspire.Hosting.Azure;

/// <summary>A machine size of PostgreSQL flexible servers.</summary>
/// <param name="Name">Its name, such as <c>Standard_D2ds_v5</c>.</param>
public readonly partial record struct DatabaseSku(string Name)
{
    /// <summary>The tier, which the name tells.</summary>
    public PostgreSqlFlexibleServerSkuTier Tier => Name["Standard_".Length] switch
    {
        'B' => PostgreSqlFlexibleServerSkuTier.Burstable,
        'D' => PostgreSqlFlexibleServerSkuTier.GeneralPurpose,
        _ => PostgreSqlFlexibleServerSkuTier.MemoryOptimized,
    };

    /// <summary>Whether the machine has a part of a core only, and no standby.</summary>
    public bool IsBurstable => Tier is PostgreSqlFlexibleServerSkuTier.Burstable;

    /// <summary>The connections that Azure lets users of this size have: those that its memory is for, without the fifteen that it keeps for itself.</summary>
    public int Connections => MemoryGiB <= 2 ? 35 : (int)Math.Min(5000, MemoryGiB * 107.4) - 15;

    private int MemoryGiB
    {
        get
        {
            var cores = int.Parse(Cores().Match(Name).Value, CultureInfo.InvariantCulture);
            return Name switch
            {
                "Standard_B1ms" => 2,
                "Standard_B2s" => 4,
                _ when Name.StartsWith("Standard_E", StringComparison.Ordinal) => 8 * cores,
                _ => 4 * cores,
            };
        }
    }

    /// <summary>Reads a setting that names a size.</summary>
    internal static DatabaseSku Read(SettingsSection section, string key, DatabaseSku fallback)
    {
        if (section.Text(key) is not { } value)
        {
            return fallback;
        }

        if (Pattern().IsMatch(value))
        {
            return new(value);
        }

        section.Reject(
            key, value, "a size of PostgreSQL flexible servers: Burstable such as Standard_B1ms, "
            + "General Purpose such as Standard_D2ds_v5 or Memory Optimized such as Standard_E2ds_v5");
        return fallback;
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex Cores();

    [GeneratedRegex(@"^Standard_(B\d+m?s|[DE]\d+[a-z]*_v\d)$")]
    private static partial Regex Pattern();
}

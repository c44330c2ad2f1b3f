using System.Text.RegularExpressions;
using Azure.Provisioning.PostgreSql;

namespace MlflowAspire.AppHost.Azure;

/// <summary>A machine size of PostgreSQL flexible servers.</summary>
/// <param name="Name">Its name, such as <c>Standard_D2ds_v5</c>.</param>
internal readonly partial record struct DatabaseSku(string Name)
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

    /// <summary>Reads a setting that names a size.</summary>
    public static DatabaseSku Read(SettingsSection section, string key, DatabaseSku fallback)
    {
        if (section.Text(key) is not { } value)
        {
            return fallback;
        }

        if (Pattern().IsMatch(value))
        {
            return new(value);
        }

        section.Reject(key, value, "a size of PostgreSQL flexible servers: Burstable such as Standard_B1ms, General Purpose such as Standard_D2ds_v5 or Memory Optimized such as Standard_E2ds_v5");
        return fallback;
    }

    [GeneratedRegex(@"^Standard_(B\d+m?s|[DE]\d+[a-z]*_v\d)$")]
    private static partial Regex Pattern();
}

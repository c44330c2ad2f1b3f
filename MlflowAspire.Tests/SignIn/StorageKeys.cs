namespace MlflowAspire.Tests.SignIn;

/// <summary>The two keys of the emulator's account. Azurite takes either, as Azure does.</summary>
internal static class StorageKeys
{
    public const string Account = "devstoreaccount1";

    /// <summary>The first one is Azurite's own, which every connection string of Aspire's holds.</summary>
    public const string First = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public static string Second { get; } = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(64));

    public static string Accounts { get; } = $"{Account}:{First}:{Second}";
}

using Microsoft.Playwright;

namespace MlflowAspire.Tests.SignIn;

/// <summary>Debian's Chromium, without a window.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <param name="hostRules">Where host names lead to that this machine does not know, such as <c>MAP name 127.0.0.1:8080</c>.</param>
    public static async Task<Browser> StartAsync(string hostRules = "")
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = FindChromium(),
            Args = ["--no-sandbox", "--disable-dev-shm-usage", $"--host-resolver-rules={hostRules}"],
        });
        return new(playwright, browser);
    }

    /// <summary>A page of a visitor who has never been here.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions options)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(60_000);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static string FindChromium() =>
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"The browser tests need Chromium; none of {string.Join(", ", s_names)} is in the PATH. test.sh installs it.");
}

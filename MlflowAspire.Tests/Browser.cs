using Microsoft.Playwright;

namespace MlflowAspire.Tests;

/// <summary>The machine's Chromium, or else Playwright's, without a window.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <param name="hostRules">Where host names lead to that this machine does not know, such as <c>MAP name 127.0.0.1:8080</c>.</param>
    public static async Task<Browser> StartAsync(string hostRules = "")
    {
        var executable = await FindChromiumAsync();
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = executable,
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

    private static async Task<string?> FindChromiumAsync()
    {
        if (Tools.Find(s_names) is { } present)
        {
            return present;
        }

        await Tools.PrepareAsync("--browser");
        if (Tools.Find(s_names) is { } prepared)
        {
            return prepared;
        }

        Assert.True(
            Microsoft.Playwright.Program.Main(["install", "chromium"]) == 0,
            $"The tests of pages need Chromium: none of {string.Join(", ", s_names)} is in the PATH, and Playwright cannot install it.");
        return null;
    }
}

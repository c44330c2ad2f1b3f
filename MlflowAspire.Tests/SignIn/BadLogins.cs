using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using MlflowAspire.Tests.Stack;

namespace MlflowAspire.Tests.SignIn;

/// <summary>Strangers who ask for a page without a pause, all at once, and should be refused each time.</summary>
internal sealed class BadLogins : IAsyncDisposable
{
    private const int Strangers = 100;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private readonly ConcurrentBag<HttpStatusCode> _answers = [];
    private readonly Task _work;
    private volatile bool _stopped;

    private BadLogins(Func<int, HttpClient> stranger, string path) =>
        _work = Task.WhenAll(Enumerable.Range(0, Strangers).Select(number => AskAsync(stranger(number), path)));

    /// <summary>All strangers are refused, while a member is let in all the same.</summary>
    /// <param name="stranger">The client of a stranger, by a number from 0.</param>
    /// <param name="member">The client of a member, which has not been used yet.</param>
    /// <param name="path">What they ask for.</param>
    public static async Task AssertKeepNobodyOutAsync(Func<int, HttpClient> stranger, HttpClient member, string path)
    {
        // On a busy machine a hundred answers before the member's take longer than a client waits by itself.
        member.Timeout = s_limit;
        await using var flood = new BadLogins(stranger, path);
        // The server does not know the member's credentials at first, and does afterwards.
        for (var round = 0; round < 2; round++)
        {
            await flood.AnsweredAsync();
            Assert.Equal(HttpStatusCode.OK, await member.StatusAsync(path));
        }

        await flood.AnsweredAsync();
        Assert.All(await flood.StopAsync(), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
    }

    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        await Task.WhenAny(_work, Task.Delay(s_limit));
    }

    /// <summary>Waits until some more have been answered. As many as there are strangers wait all the time.</summary>
    private async Task AnsweredAsync()
    {
        var target = _answers.Count + 10;
        var waited = Stopwatch.StartNew();
        while (_answers.Count < target)
        {
            if (_work.IsCompleted)
            {
                await _work;
            }

            Assert.True(waited.Elapsed < s_limit, $"Only {_answers.Count} of {target} bad logins have been answered within {s_limit}.");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends them and gives all answers.</summary>
    private async Task<IReadOnlyCollection<HttpStatusCode>> StopAsync()
    {
        _stopped = true;
        await _work.WaitAsync(s_limit);
        return _answers;
    }

    private async Task AskAsync(HttpClient client, string path)
    {
        using (client)
        {
            client.Timeout = s_limit;
            while (!_stopped)
            {
                using var response = await client.GetAsync(path);
                _answers.Add(response.StatusCode);
            }
        }
    }
}

namespace MlflowAspire.Hosting;

/// <summary>
/// What a setting accepts, said once: the method that sets it refuses a value by it, and what reads settings from a configuration collects the mistakes.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Setting">What the value stands for, such as <c>MLFLOW_WORKERS</c>.</param>
/// <param name="Accepted">What is accepted, in words.</param>
/// <param name="Accepts">Whether a value is.</param>
internal sealed record Rule<T>(string Setting, string Accepted, Func<T, bool> Accepts)
{
    /// <summary>Refuses a value that is not accepted.</summary>
    /// <param name="value">The value.</param>
    /// <param name="option">The parameter or the option that has it.</param>
    /// <exception cref="ArgumentException">It is not accepted; <see cref="ArgumentOutOfRangeException"/> for a number or a time.</exception>
    public void Require(T value, string option)
    {
        if (!Accepts(value))
        {
            throw Fault(value, option);
        }
    }

    /// <summary>What is thrown for a value that is not accepted.</summary>
    /// <param name="value">The value.</param>
    /// <param name="option">The parameter or the option that has it.</param>
    public ArgumentException Fault(T value, string option)
    {
        var message = FormattableString.Invariant($"{option} ({Setting}) is '{value}'; accepted: {Accepted}.");
        return value is int or double or TimeSpan ? new ArgumentOutOfRangeException(option, message) : new ArgumentException(message, option);
    }
}

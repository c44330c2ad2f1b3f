using System.Text;

namespace MlflowAspire.Tests.PublishedRun;

/// <summary>Evaluates the texts of Bicep that the modules hold: literals with values of parameters in them.</summary>
internal sealed class BicepText(IReadOnlyDictionary<string, string> parameters)
{
    /// <summary>The value of an expression.</summary>
    public string Evaluate(string expression)
    {
        var position = 0;
        var value = Read(expression, ref position);
        return position == expression.Length ? value : throw new FormatException($"'{expression}' is more than a text.");
    }

    private string Read(string expression, ref int position)
    {
        if (expression[position] == '\'')
        {
            position++;
            return ReadLiteral(expression, ref position);
        }

        var start = position;
        while (position < expression.Length && (char.IsAsciiLetterOrDigit(expression[position]) || expression[position] == '_'))
        {
            position++;
        }

        return parameters[expression[start..position]];
    }

    private string ReadLiteral(string expression, ref int position)
    {
        var text = new StringBuilder();
        while (expression[position] != '\'')
        {
            if (expression.AsSpan(position).StartsWith("${"))
            {
                position += 2;
                text.Append(Read(expression, ref position));
            }
            else
            {
                text.Append(expression[position] == '\\' ? expression[++position] : expression[position]);
            }

            // Past the closing brace, or the character.
            position++;
        }

        position++;
        return text.ToString();
    }
}
